// SPDX-License-Identifier: BSL-1.0
#include "model.hpp"

#include "../describe.hpp"

#include <algorithm>
#include <utility>

namespace pollux::conformance::model {
namespace {

using Errors = std::vector<std::errc>;

/// The number of repeated reports that is no spin.
constexpr int few = 8;

constexpr Ready all_promises = Ready::readable | Ready::writable | Ready::priority;

Ready without(Ready set, Ready members) {
    return static_cast<Ready>(static_cast<unsigned>(set) & ~static_cast<unsigned>(members));
}

std::string difference(const std::string& expected, const std::string& seen) {
    return "expected: " + expected + "\n    seen: " + seen;
}

/// A call has to fail if one of the errors has a cause, and with any of those that have one; `optional`: those that it
/// may fail with.
std::string check(std::error_code result, const Errors& errors, const Errors& optional = {}) {
    const auto is_result = [result](std::errc error) { return result == error; };
    if (result && std::any_of(optional.begin(), optional.end(), is_result)) return {};
    if (errors.empty() ? !result : std::any_of(errors.begin(), errors.end(), is_result)) return {};
    std::string expected = errors.empty() ? "success" : "";
    for (const auto error : errors) expected += (expected.empty() ? "" : ", or ") + describe(make_error_code(error));
    return difference(expected, describe(result));
}

/// What add() and modify() refuse whatever the source is [add.wake_token] [add.mode_not_offered] [priority.asked].
Errors refusals(const Capabilities& capabilities, const Watch& watch) {
    Errors errors;
    if (is_reserved(watch.token)) errors.push_back(std::errc::invalid_argument);
    const bool offered = watch.mode == Mode::oneshot ? bool(capabilities.oneshot)
                         : watch.mode == Mode::level ? bool(capabilities.level)
                         : watch.mode == Mode::edge  ? bool(capabilities.edge)
                                                     : false;
    if (!offered || (any(watch.interest & Ready::priority) && !capabilities.priority))
        errors.push_back(std::errc::operation_not_supported);
    return errors;
}

/// Priority is for sockets; of what else there is, it may be refused [priority.once]. Devices may be refused where
/// files are: some systems can watch devices only [add.regular_file].
Errors optional_refusals(const Capabilities& capabilities, const Facts& facts, const Watch& watch) {
    Errors errors;
    if (any(watch.interest & Ready::priority) && !kind_of(facts.nature).is_socket)
        errors.push_back(std::errc::operation_not_supported);
    if (is_device(facts.nature) && !capabilities.files) errors.push_back(std::errc::operation_not_permitted);
    return errors;
}

} // namespace

std::string Model::added(std::size_t source, const World& world, const Watch& watch, std::error_code result) {
    auto errors = refusals(capabilities_, watch);
    const auto& facts = world.facts(source);
    if (!world.is_open(source)) errors.push_back(std::errc::bad_file_descriptor); // [add.not_open]
    if (watches(source)) errors.push_back(std::errc::file_exists);                // [add.duplicate]
    if (world.is_open(source) && kind_of(facts.nature).is_always_ready && !is_device(facts.nature) &&
        !capabilities_.files)
        errors.push_back(std::errc::operation_not_permitted); // [add.regular_file]
    if (!result) arm(source, facts, watch);
    return check(result, errors, optional_refusals(capabilities_, facts, watch));
}

std::string Model::modified(std::size_t source, const World& world, const Watch& watch, std::error_code result) {
    auto errors = refusals(capabilities_, watch);
    if (!world.is_open(source)) {
        errors.push_back(std::errc::bad_file_descriptor); // [add.not_open]
    } else if (!watches(source)) {
        errors.push_back(std::errc::no_such_file_or_directory); // [modify.unknown]
    }
    if (!result) arm(source, world.facts(source), watch);
    return check(result, errors, optional_refusals(capabilities_, world.facts(source), watch));
}

std::string Model::removed(std::size_t source, std::error_code result) {
    const bool may_be_unknown = watches(source) && watched_[source]->is_closed_watched; // [close.while_registered]
    const bool was_known = watches(source);
    if (may_be_unknown && watched_[source]->is_duplicated)
        leftover_.push_back({watched_[source]->watch.token, source, watched_[source]->slot});
    watched_[source].reset();
    forget_turns();
    if (may_be_unknown && !result) return {};
    return check(result, was_known && !may_be_unknown ? Errors{} : Errors{std::errc::no_such_file_or_directory});
}

std::string Model::woken(std::size_t times, std::error_code result) {
    wakes_ += times;
    wake_is_due_ = wake_is_due_ || times > 0;
    return check(result, {}); // [wake.never_blocks]
}

void Model::arm(std::size_t source, const Facts& facts, const Watch& watch) {
    // A ready source is reported, whether it became ready just now or not [add.already_ready] [modify.rearms].
    watched_[source] = Watched{.watch = watch, .unreported = all_promises, .newly_ready = facts.promises()};
    watched_[source]->watch.interest = watch.interest & all_promises; // [add.no_interest]
    forget_turns();
}

void Model::changed(const Operation& operation, const Facts& before, const World& world) {
    if (operation.action == Action::close) return closed(operation.source, world);
    if (operation.action == Action::reopen || operation.action == Action::dup) return;
    const auto& after = world.facts(operation.source);
    const auto& kind = kind_of(after.nature);
    const bool is_native = capabilities_.edge.support == Support::native;
    const bool is_by_near = operation.action == Action::read || operation.action == Action::send ||
                            operation.action == Action::fill || operation.action == Action::connect;
    for (std::size_t source = 0; source < source_count; ++source) {
        // Duplicates are reported as well [add.dup].
        if (!watches(source) || !world.is_open(source) || watched_[source]->is_closed_watched ||
            world.slot_of(source) != world.slot_of(operation.source))
            continue;
        auto& watched = *watched_[source];
        const Ready gained = without(after.promises(), before.promises());
        // Data that a read left unread is nothing new [edge.partial_read], unless the backend reports states.
        if (!is_by_near || any(gained) || kind.wakes_itself || !is_native) {
            watched.has_changed = true;
            watched.unreported = all_promises;
        }
        watched.newly_ready |= gained;
        // New data is reported although there was data [edge.new_data], and so is the end [end.of_stream].
        if (operation.action == Action::write && is_native) watched.newly_ready |= Ready::readable;
        if (after.has_ended && !before.has_ended) watched.newly_ready |= after.promises() & Ready::readable;
    }
}

void Model::closed(std::size_t source, const World& world) {
    const auto slot = world.slot_of(source);
    if (watches(source)) {
        watched_[source]->is_closed_watched = true;
        watched_[source]->slot = slot;
        watched_[source]->is_duplicated = true;
    }
    if (!world.is_in_use(slot)) {
        std::erase_if(leftover_, [slot](const LeftoverWatch& watch) { return watch.slot == slot; });
        for (auto& watched : watched_) {
            if (watched && watched->slot == slot) watched->is_duplicated = false;
        }
    }
    forget_turns();
}

bool Model::is_leftover(Token token) const {
    return std::any_of(leftover_.begin(), leftover_.end(),
                       [token](const LeftoverWatch& watch) { return watch.token == token; });
}

bool Model::may_still_watch(std::size_t source, std::size_t slot) const {
    return std::any_of(leftover_.begin(), leftover_.end(),
                       [=](const LeftoverWatch& watch) { return watch.source == source && watch.slot == slot; });
}

bool Model::may_hold(std::size_t slot) const {
    const auto has_it = [slot](const auto& watched) {
        return watched && watched->is_closed_watched && watched->slot == slot;
    };
    return std::any_of(watched_.begin(), watched_.end(), has_it);
}

void Model::begin_race(const Operation& operation, const World& world) {
    raced_.clear();
    before_race_ = watched_;
    woke_in_race_ = false;
    if (operation.action == Action::wake) wakes_ += operation.amount;
    for (std::size_t source = 0; source < source_count && operation.action != Action::wake; ++source) {
        is_raced_[source] = source == operation.source || (!is_registration(operation.action) &&
                                                           world.slot_of(source) == world.slot_of(operation.source));
    }
}

std::string Model::end_race(const Operation& operation, const Facts& before, const World& world) {
    const auto is_raced = std::exchange(is_raced_, {});
    if (operation.action == Action::wake) {
        wakes_ -= std::min(wakes_, operation.amount); // woken() has counted them again
        wake_is_due_ = wake_is_due_ && !woke_in_race_;
    }
    forget_turns();
    const auto& after = world.facts(operation.source);
    const Ready may_hold = before.promises() | after.promises(), may_hint = before.hints() | after.hints();
    bool is_replaced = false;
    for (const auto& event : raced_) {
        const auto has_token = [&event](const auto& watched) { return watched && watched->watch.token == event.token; };
        auto now = std::find_if(watched_.begin(), watched_.end(), has_token);
        const auto then = std::find_if(before_race_.begin(), before_race_.end(), has_token);
        const bool is_new = then == before_race_.end();
        if ((is_new && now == watched_.end()) || (!is_new && is_replaced))
            return difference("tokens of watches that are there", describe(event)); // [modify.replaces]
        is_replaced = is_new;
        auto& watched = is_new ? **now : **then;
        if (watched.is_closed_watched) continue;
        if (!any(watched.watch.interest)) return difference("a paused watch is quiet", describe(event));
        if (watched.is_spent) return difference("a spent one-shot watch is silent", describe(event));
        const Ready most = (watched.watch.interest & may_hold) | may_hint;
        if (!any(event.ready) || any(without(event.ready, most)))
            return difference("an event with at most " + describe(most), describe(event));
        watched.is_spent = watched.watch.mode == Mode::oneshot;
        if (now == watched_.end() || !is_raced[static_cast<std::size_t>(now - watched_.begin())]) continue;
        // It may have been what was there before, or what the other thread has done since.
        (*now)->is_spent = watched.is_spent;
        (*now)->newly_ready = Ready::none;
    }
    return {};
}

/// What the next select() has to report of a watch.
Ready Model::due(const Watched& watched, const Facts& facts) const {
    if (watched.is_closed_watched || watched.is_spent) return Ready::none;
    const Ready ready = watched.watch.interest & facts.promises();
    return watched.watch.mode == Mode::edge ? ready & watched.newly_ready : ready;
}

std::string Model::selected(std::size_t attempt, std::size_t room, std::span<const Event> events,
                            std::error_code result, const World& world) {
    if (room == 0) { // [buffer.empty]
        if (!events.empty()) return difference("no event where no room is", describe(events));
        return check(result, {std::errc::invalid_argument});
    }
    if (result) return check(result, {});
    if (events.size() > room) // [buffer.cap]
        return difference(std::to_string(room) + " events at most", describe(events));

    Reports were_due{}, reports{};
    std::size_t entries = std::max<std::size_t>(wakes_, 1) + 2 * leftover_.size();
    for (std::size_t source = 0; source < source_count; ++source) {
        if (!watches(source)) continue;
        entries += 2; // the system may keep one for each direction
        if (!is_raced_[source]) were_due[source] = due(*watched_[source], world.facts(source));
    }
    const bool wake_was_due = wake_is_due_;
    const bool is_full = events.size() == room;
    // kqueue(2) fills its own buffer, of the same size, also with what is not reported.
    const bool may_be_cut = is_full || room < entries;
    for (const auto& event : events) {
        const auto fault =
            event.token == wake_token ? reported_wake(event) : reported(event, may_be_cut, world, reports);
        if (!fault.empty()) return fault;
    }
    // What is due and finds no space in the buffer has its turn before all others have another [buffer.fair]
    // [buffer.lossless].
    const auto has_turn = [&](bool is_lacking, std::size_t& passed_over) {
        passed_over = is_lacking && is_full ? passed_over + room : 0;
        return passed_over < entries;
    };
    const bool wake_is_lacking = wake_was_due && wake_is_due_;
    wake_is_missing_ = wake_is_lacking && !is_full && (attempt == 1 || wake_is_missing_);
    if (!has_turn(wake_is_lacking, wake_passed_over_)) // [buffer.room_for_wake] [wake.fair]
        return difference("the wake has its turn", describe(events));
    for (std::size_t source = 0; source < source_count; ++source) {
        if (!watches(source)) continue;
        auto& watched = *watched_[source];
        const Ready lacking = without(were_due[source], reports[source]);
        watched.missing = is_full ? Ready::none : attempt == 1 ? lacking : watched.missing & lacking;
        if (!has_turn(any(lacking & Ready::readable), watched.passed_over[0]) ||
            !has_turn(any(lacking & Ready::writable), watched.passed_over[1]))
            return difference("source " + std::to_string(source) + ", " + describe(lacking) + ", has its turn",
                              describe(events));
    }
    return {};
}

std::string Model::reported_wake(const Event& event) {
    if (any(event.ready)) return difference("a wake with none", describe(event));         // [wake.asleep]
    if (wakes_ == 0) return difference("no more wakes than there were", describe(event)); // [wake.coalesces]
    --wakes_;
    wake_is_due_ = false;
    woke_in_race_ = true;
    return {};
}

std::string Model::reported(const Event& event, bool may_be_cut, const World& world, Reports& reports) {
    for (std::size_t source = 0; source < source_count; ++source) {
        if (!watches(source) || watched_[source]->watch.token != event.token) continue;
        auto& watched = *watched_[source];
        if (any(reports[source])) // [buffer.one_event_per_watch]
            return difference("one event of source " + std::to_string(source), "another: " + describe(event));
        reports[source] = event.ready;
        if (is_raced_[source]) return raced_.push_back(event), "";
        // As long as a duplicate lives, the caller's error can last [close.while_registered].
        if (watched.is_closed_watched && watched.is_duplicated) return {};
        return reported(watched, event, may_be_cut, world.facts(source));
    }
    if (is_leftover(event.token)) return {};
    if (std::find(is_raced_.begin(), is_raced_.end(), true) != is_raced_.end()) return raced_.push_back(event), "";
    return difference("tokens of watches that are there", describe(event)); // [remove.is_final] [modify.replaces]
}

std::string Model::reported(Watched& watched, const Event& event, bool may_be_cut, const Facts& facts) {
    if (watched.is_closed_watched) // [close.while_registered]
        return ++watched.hint_reports > few ? difference("a closed source does not spin", describe(event)) : "";
    const auto& [token, interest, mode] = watched.watch;
    if (!any(interest)) return difference("a paused watch is quiet", describe(event)); // [add.no_interest]
    const Ready requested = interest & facts.promises();
    const Ready least = due(watched, facts);
    if (watched.is_spent) // [oneshot.once]
        return difference("a spent one-shot watch is silent", describe(event));
    // What a full buffer cut off may follow, and nothing else [edge.once] [edge.partial_read].
    const bool is_rest = any(event.ready & watched.unreported) && watched.was_cut;
    // Any signal of the process wakes each signalfd(2).
    if (mode == Mode::edge && !watched.has_changed && !is_rest && facts.nature != Nature::signal)
        return difference("no second event for one arrival", describe(event));
    // All that is ready, but for an edge watch: the rest may be an event of its own, and then missing() waits for it.
    const Ready rest = without(least, event.ready);
    if (!any(event.ready) || (any(rest) && mode != Mode::edge))
        return difference("an event with " + describe(any(least) ? least : requested), describe(event));
    if (any(without(event.ready, requested | facts.hints()))) // [add.reports] [hints.are_true]
        return difference("an event with at most " + describe(requested | facts.hints()), describe(event));
    // Level may repeat that no call will block any more, if the watch requests anything [level.end_repeats].
    const bool may_repeat = any(requested) || (mode == Mode::level && (facts.is_dead || facts.has_error));
    if (!may_repeat && ++watched.hint_reports > few) // [end.half_closed] [unconnected.no_spin]
        return difference("silence after a few hints", describe(event));
    watched.is_spent = mode == Mode::oneshot;
    watched.newly_ready = without(watched.newly_ready, event.ready);
    watched.unreported = without(watched.unreported, event.ready);
    watched.has_changed = any(due(watched, facts));
    watched.was_cut = may_be_cut;
    return {};
}

std::string Model::missing() const {
    for (std::size_t source = 0; source < source_count; ++source) {
        if (!watches(source) || !any(watched_[source]->missing)) continue;
        const auto what = describe(watched_[source]->missing);
        return difference("an event of source " + std::to_string(source) + " with " + what, "none");
    }
    return wake_is_missing_ ? difference("an event of the wake", "none") : "";
}

void Model::forget_turns() {
    wake_passed_over_ = 0;
    for (auto& watched : watched_) {
        if (watched) watched->passed_over = {};
    }
}

} // namespace pollux::conformance::model
