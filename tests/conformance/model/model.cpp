// SPDX-License-Identifier: BSL-1.0
#include "model.hpp"

#include "../describe.hpp"

#include <algorithm>

namespace pollux::conformance::model {
namespace {

using Errors = std::vector<std::errc>;

/// How often it is no spin.
constexpr int few = 8;

constexpr Ready all_promises = Ready::readable | Ready::writable | Ready::priority;

Ready without(Ready set, Ready members) {
    return static_cast<Ready>(static_cast<unsigned>(set) & ~static_cast<unsigned>(members));
}

std::string difference(const std::string& expected, const std::string& seen) {
    return "expected: " + expected + "\n    seen: " + seen;
}

/// A call has to fail if one of the errors has a cause, and with any of those that have one.
std::string check(std::error_code answer, const Errors& errors) {
    const auto is_it = [answer](std::errc error) { return answer == error; };
    if (errors.empty() ? !answer : std::any_of(errors.begin(), errors.end(), is_it)) return {};
    std::string expected = errors.empty() ? "success" : "";
    for (const auto error : errors) expected += (expected.empty() ? "" : ", or ") + describe(make_error_code(error));
    return difference(expected, describe(answer));
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

} // namespace

std::string Model::added(std::size_t source, const Facts& facts, const Watch& watch, std::error_code answer) {
    auto errors = refusals(capabilities_, watch);
    if (!facts.is_open) errors.push_back(std::errc::bad_file_descriptor); // [add.not_open]
    if (watches(source)) errors.push_back(std::errc::file_exists);        // [add.duplicate]
    if (facts.is_open && facts.nature == Nature::directory && !capabilities_.files)
        errors.push_back(std::errc::operation_not_permitted); // [add.regular_file]
    if (!answer) arm(source, facts, watch);
    return check(answer, errors);
}

std::string Model::modified(std::size_t source, const Facts& facts, const Watch& watch, std::error_code answer) {
    auto errors = refusals(capabilities_, watch);
    if (!facts.is_open) {
        errors.push_back(std::errc::bad_file_descriptor); // [add.not_open]
    } else if (!watches(source)) {
        errors.push_back(std::errc::no_such_file_or_directory); // [modify.unknown]
    }
    if (!answer) arm(source, facts, watch);
    return check(answer, errors);
}

std::string Model::removed(std::size_t source, std::error_code answer) {
    const bool may_be_unknown = watches(source) && watched_[source]->is_forgotten; // [close.forgotten]
    const bool was_known = watches(source);
    watched_[source].reset();
    forget_turns();
    if (may_be_unknown && !answer) return {};
    return check(answer, was_known && !may_be_unknown ? Errors{} : Errors{std::errc::no_such_file_or_directory});
}

std::string Model::woken(std::size_t times, std::error_code answer) {
    wakes_ += times;
    wake_is_due_ = wake_is_due_ || times > 0;
    return check(answer, {}); // [wake.never_blocks]
}

void Model::arm(std::size_t source, const Facts& facts, const Watch& watch) {
    // What is ready is reported, be it news or not [add.already_ready] [modify.rearms].
    watched_[source] = Watched{.watch = watch, .untold = all_promises, .news = facts.promises()};
    watched_[source]->watch.interest = watch.interest & all_promises; // [add.no_interest]
    forget_turns();
}

void Model::changed(const Operation& operation, const Facts& before, const Facts& after) {
    if (!watches(operation.source)) return;
    auto& watched = *watched_[operation.source];
    const bool is_native = capabilities_.edge.support == Support::native;
    switch (operation.action) {
    case Action::write:
    case Action::drain:
    case Action::shut_down:
    case Action::hang_up:
        watched.has_news = true;
        watched.untold = all_promises;
        watched.news |= without(after.promises(), before.promises());
        // New data is news although there was data [edge.new_data], and so is the end [end.of_stream].
        if (operation.action == Action::write && is_native) watched.news |= Ready::readable;
        if (after.has_ended && !before.has_ended) watched.news |= after.promises() & Ready::readable;
        break;
    case Action::read:
        watched.has_news = watched.has_news || !is_native; // [edge.partial_read]
        break;
    case Action::close:
        watched.is_forgotten = true;
        forget_turns();
        break;
    default:
        break;
    }
}

/// What the next select() has to say of a watch.
Ready Model::due(const Watched& watched, const Facts& facts) const {
    if (watched.is_forgotten || watched.is_spent) return Ready::none;
    const Ready ready = watched.watch.interest & facts.promises();
    return watched.watch.mode == Mode::edge ? ready & watched.news : ready;
}

std::string Model::selected(std::size_t look, std::size_t room, std::span<const Event> events, std::error_code answer,
                            const AllFacts& facts) {
    if (room == 0) { // [buffer.empty]
        if (!events.empty()) return difference("no event where no room is", describe(events));
        return check(answer, {std::errc::invalid_argument});
    }
    if (answer) return check(answer, {});
    if (events.size() > room) // [buffer.cap]
        return difference(std::to_string(room) + " events at most", describe(events));

    std::array<Ready, source_count> were_due{}, told{};
    std::size_t places = std::max<std::size_t>(wakes_, 1);
    for (std::size_t source = 0; source < source_count; ++source) {
        if (!watches(source)) continue;
        places += 2; // the system may keep one for each direction
        were_due[source] = due(*watched_[source], facts[source]);
    }
    const bool wake_was_due = wake_is_due_;
    const bool is_full = events.size() == room;
    for (const auto& event : events) {
        const auto fault = event.token == wake_token ? reported_wake(event) : reported(event, is_full, facts, told);
        if (!fault.empty()) return fault;
    }
    // What is due and finds no room has its turn before all others have another [buffer.fair] [buffer.lossless].
    const auto has_turn = [&](bool is_lacking, std::size_t& passed_over) {
        passed_over = is_lacking && is_full ? passed_over + room : 0;
        return passed_over < places;
    };
    const bool wake_is_lacking = wake_was_due && wake_is_due_;
    wake_is_missing_ = wake_is_lacking && !is_full && (look == 1 || wake_is_missing_);
    if (!has_turn(wake_is_lacking, wake_passed_over_)) // [buffer.room_for_wake] [fair.wake]
        return difference("the wake has its turn", describe(events));
    for (std::size_t source = 0; source < source_count; ++source) {
        if (!watches(source)) continue;
        auto& watched = *watched_[source];
        const Ready lacking = without(were_due[source], told[source]);
        watched.missing = is_full ? Ready::none : look == 1 ? lacking : watched.missing & lacking;
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
    return {};
}

std::string Model::reported(const Event& event, bool is_full, const AllFacts& facts,
                            std::array<Ready, source_count>& told) {
    for (std::size_t source = 0; source < source_count; ++source) {
        if (!watches(source) || watched_[source]->watch.token != event.token) continue;
        if (any(told[source])) // [buffer.one_event_per_watch]
            return difference("one event of source " + std::to_string(source), "another: " + describe(event));
        told[source] = event.ready;
        return reported(*watched_[source], event, is_full, facts[source]);
    }
    return difference("tokens of watches that are there", describe(event)); // [remove.is_final] [modify.replaces]
}

std::string Model::reported(Watched& watched, const Event& event, bool is_full, const Facts& facts) {
    if (watched.is_forgotten) // [close.forgotten]
        return ++watched.unasked > few ? difference("a closed source does not spin", describe(event)) : "";
    const auto& [token, interest, mode] = watched.watch;
    const Ready asked = interest & facts.promises();
    const Ready least = due(watched, facts);
    if (watched.is_spent) // [oneshot.once]
        return difference("a spent one-shot watch is silent", describe(event));
    // What a full buffer cut off may follow, and nothing else [edge.once] [edge.partial_read].
    const bool is_rest = any(event.ready & watched.untold) && watched.was_cut;
    if (mode == Mode::edge && !watched.has_news && !is_rest)
        return difference("no second event for one arrival", describe(event));
    // All that is ready, but for an edge watch: the rest may be an event of its own, and then missing() waits for it.
    const Ready rest = without(least, event.ready);
    if (!any(event.ready) || (any(rest) && mode != Mode::edge))
        return difference("an event with " + describe(any(least) ? least : asked), describe(event));
    if (any(without(event.ready, asked | facts.hints()))) // [add.reports] [hints.are_true]
        return difference("an event with at most " + describe(asked | facts.hints()), describe(event));
    // Level may repeat that nothing will block any more to who waits for something [level.end_repeats].
    const bool may_repeat = any(asked) || (mode == Mode::level && any(interest) && facts.has_hung_up());
    if (!may_repeat && ++watched.unasked > few) // [modify.pauses] [end.half_closed]
        return difference("silence after a few hints", describe(event));
    watched.is_spent = mode == Mode::oneshot;
    watched.news = without(watched.news, event.ready);
    watched.untold = without(watched.untold, event.ready);
    watched.has_news = any(due(watched, facts));
    watched.was_cut = is_full;
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
