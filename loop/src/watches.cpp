// SPDX-License-Identifier: BSL-1.0
#include "watches.hpp"

#include "refusal.hpp"

#include <pollux/watcher.hpp>

#include <algorithm>
#include <utility>

namespace pollux::loop {
namespace {

constexpr Ready promises = Ready::readable | Ready::writable | Ready::priority;
constexpr Ready hints = Ready::closed | Ready::failed;

std::uint64_t generation_of(Token token) noexcept { return static_cast<std::uint64_t>(token) >> 32; }

} // namespace

void WatchSlot::call() {
    const Refusal refusal{source_, asked_.interest, asked_.mode, error()};
    if (!takes_error_) throw refusal_error(agenda_.watches->choice_, refusal);
    callback_(Ready::failed, &refusal.error);
}

void WatchSlot::close() noexcept {
    callback_.clear();
    agenda_.watches->slots_.give_back(*this);
}

void WatchSlot::let_go() noexcept {
    // Now, and not when the slot is free again: events that the backend has reported already are stale from here on.
    ++generation_;
    changed_ = false;
    unlink();
    if (!is_known_) return;
    agenda_.watches->note_unknown(*this);
    // Never deferred: the caller may close the source when this returns.
    agenda_.watches->remove(source_);
}

void WatchSlot::change(Ready interest, Mode mode) noexcept {
    const Asked asked{interest & promises, mode};
    if (asked == asked_ && is_known_ && !changed_ && !spent_) agenda_.watches->check_identity(*this);
    ask(asked);
}

void WatchSlot::rearm() noexcept {
    anew_ = any(asked_.interest);
    ask(asked_);
}

void WatchSlot::ask(const Asked& asked) noexcept {
    asked_ = asked;
    const bool pauses = !any(asked.interest);
    // A spent watch is as quiet as a paused one: the change is submitted when it is armed.
    if (spent_ && !pauses) {
        spent_ = false;
        anew_ = true;
    }
    refused_ = false;
    update();
    set_pending(!pauses);
    agenda_.watches->mark(*this);
}

std::error_code WatchSlot::error() const noexcept {
    return refused_ ? agenda_.watches->entries_[number()].error : std::error_code();
}

WatchSlot& Watches::add(Source source, Ready interest, Mode mode, WatchCallback callback) {
    make_room();
    auto& slot = slots_.take(agenda_);
    slot.takes_error_ = callback.takes_error();
    slot.callback_ = std::move(callback).release();
    slot.source_ = source;
    slot.anew_ = slot.spent_ = false;
    slot.ask({interest & promises, mode});
    return slot;
}

std::error_code Watches::submit_now(WatchSlot& slot) noexcept {
    slot.unlink();
    const auto error = submit(slot);
    if (!error) return {};
    slot.set_pending(false);
    slot.let_go();
    slot.close();
    return error;
}

void Watches::mark(WatchSlot& slot) noexcept {
    const bool changed = !slot.spent_ && (!slot.is_known_ || slot.anew_ || slot.asked_ != slot.known_);
    if (changed == slot.changed_) return;
    slot.changed_ = changed;
    slot.unlink(); // of the ready list, if a refusal was not reported yet: the watch is submitted again
    if (changed) changed_.push_back(slot);
}

void Watches::hand_over(WatchSlot& slot) noexcept {
    const auto error = submit(slot);
    if (!error) return;
    entries_[slot.number()].error = error;
    slot.refused_ = true;
    slot.set_pending(false);
    agenda_.ready.push_back(slot);
}

std::error_code Watches::submit(WatchSlot& slot) noexcept {
    slot.changed_ = slot.anew_ = false;
    if (slot.is_known_) {
        const auto error = registrator_.modify(slot.source_, {slot.token(), slot.asked_.interest, slot.asked_.mode});
        if (!error) {
            slot.known_ = slot.asked_;
            return {};
        }
        note_unknown(slot);
        // After a refused change the backend still has the former watch, which is not wanted any longer.
        remove(slot.source_);
        if (error != std::errc::no_such_file_or_directory) return error;
        ++slot.generation_; // The source was closed, and its file descriptor reused for another file.
    }
    return submit_new(slot);
}

std::error_code Watches::submit_new(WatchSlot& slot) noexcept {
    slot.identity_ = identity_of(slot.source_);
    auto* owner = find(slot.source_);
    if (owner && owner->identity_ != slot.identity_ && owner->identity_.is_known() && slot.identity_.is_known()) {
        remove(slot.source_);
        disown(*owner);
        owner = nullptr;
    }
    const Watch watch{slot.token(), slot.asked_.interest, slot.asked_.mode};
    auto error = registrator_.add(slot.source_, watch);
    if (error == std::errc::file_exists && !owner) { // of a watch whose removal failed
        remove(slot.source_);
        error = registrator_.add(slot.source_, watch);
    }
    if (error) return error;
    if (owner) disown(*owner); // otherwise the backend would have refused a duplicate
    slot.known_ = slot.asked_;
    note_known(slot);
    return {};
}

/// A backend may fail temporarily, for lack of memory; the call fails for good if the source was closed before.
void Watches::remove(Source source) noexcept {
    for (int tries = 0; tries < 3; ++tries) {
        const auto error = registrator_.remove(source);
        if (!error || error == std::errc::no_such_file_or_directory || error == std::errc::bad_file_descriptor) return;
    }
    // Lingering detects a watch that stays and is still reported; the next watch of the source removes it first.
}

/// Ends a watch whose source was closed while registered, and whose file descriptor was reused: it is never called, and
/// never touches the file descriptor again.
void Watches::disown(WatchSlot& slot) noexcept {
    note_unknown(slot);
    ++slot.generation_;
    slot.changed_ = slot.anew_ = false;
    slot.unlink();
    slot.set_pending(false);
    entries_[slot.number()].error = make_error_code(std::errc::bad_file_descriptor);
    slot.refused_ = true;
}

/// Submits a watch again whose source was closed, whether or not its file descriptor was reused.
void Watches::check_identity(WatchSlot& slot) noexcept {
    if (identity_of(slot.source_) == slot.identity_) return;
    remove(slot.source_);
    note_unknown(slot);
    ++slot.generation_;
}

void Watches::hand_over_all() noexcept {
    for (std::uint32_t number = 0; number < slots_.size(); ++number) {
        auto& slot = slots_[number];
        if (!slot.is_known_) continue;
        note_unknown(slot);
        mark(slot);
    }
    lingering_.clear();
}

WatchSlot* Watches::addressee(Token token, Ready& ready) noexcept {
    const auto number = static_cast<std::uint32_t>(token);
    if (number >= slots_.size()) return nullptr;
    auto& slot = slots_[number];
    if (slot.generation_ != generation_of(token)) return nullptr;
    if ((slot.changed_ || !slot.awaits_event_) && !conforms(slot, ready)) return nullptr;
    if (slot.asked_.mode == Mode::oneshot) {
        slot.spent_ = true;
        slot.anew_ = false;
        slot.update();
        if (std::exchange(slot.changed_, false)) slot.unlink();
        slot.set_pending(false);
    }
    return &slot;
}

/// Reduces an event of a watch that was changed, paused or spent to its present interest. The rest is not lost: the
/// change is submitted to the backend, which then reports again what is ready.
bool Watches::conforms(WatchSlot& slot, Ready& ready) noexcept {
    if (!slot.is_known_ || slot.spent_) return false;
    const bool same_mode = slot.asked_.mode == slot.known_.mode;
    const auto asked = same_mode ? ready & slot.asked_.interest : Ready::none;
    if (slot.changed_ && asked != (ready & promises)) slot.anew_ = true; // even if it is changed back
    ready = asked | (ready & hints);
    return any(asked);
}

bool Watches::lingers(Token token, std::uint64_t poll) noexcept {
    const auto number = static_cast<std::uint32_t>(token);
    const auto* slot = number < slots_.size() ? &slots_[number] : nullptr;
    // A watch that was changed, paused or spent may have events without effect.
    if (slot && slot->generation_ == generation_of(token) && slot->is_known_) return false;
    return lingering_.note(token, poll);
}

std::optional<Source> Watches::source_of(Token token) noexcept {
    const auto number = static_cast<std::uint32_t>(token);
    if (number >= slots_.size()) return {};
    const auto& slot = slots_[number];
    const bool is_used_again = slot.callback_ && !slot.refused_;
    if (slot.generation_ != generation_of(token) + 1 || is_used_again) return {};
    return slot.source_;
}

void Watches::make_room() {
    if (entries_.size() <= slots_.size()) entries_.emplace_back();
    if (slots_.size() < buckets_.size()) return;
    buckets_.assign(std::max<std::size_t>(64, 2 * buckets_.size()), none);
    for (std::uint32_t number = 0; number < slots_.size(); ++number) {
        auto& slot = slots_[number];
        if (slot.is_known_) note_known(slot);
    }
}

WatchSlot* Watches::find(Source source) noexcept {
    for (auto number = bucket_of(source); number != none; number = entries_[number].next) {
        if (slots_[number].source_ == source) return &slots_[number];
    }
    return nullptr;
}

void Watches::note_known(WatchSlot& slot) noexcept {
    entries_[slot.number()].next = std::exchange(bucket_of(slot.source_), slot.number());
    slot.is_known_ = true;
    slot.update();
}

void Watches::note_unknown(WatchSlot& slot) noexcept {
    auto* index = &bucket_of(slot.source_);
    while (*index != slot.number()) index = &entries_[*index].next;
    *index = entries_[*index].next;
    slot.is_known_ = false;
    slot.update();
}

} // namespace pollux::loop

namespace pollux {

void Watcher::change(Ready interest) noexcept {
    if (*this) change(interest, handled<loop::WatchSlot>().mode());
}

void Watcher::change(Ready interest, Mode mode) noexcept {
    if (!*this) return;
    handled<loop::WatchSlot>().demand_thread("Watcher::change()");
    handled<loop::WatchSlot>().change(interest, mode);
}

void Watcher::rearm() noexcept {
    if (!*this) return;
    handled<loop::WatchSlot>().demand_thread("Watcher::rearm()");
    handled<loop::WatchSlot>().rearm();
}

std::error_code Watcher::error() const noexcept {
    if (!*this) return make_error_code(std::errc::operation_canceled);
    handled<loop::WatchSlot>().demand_thread("Watcher::error()");
    return handled<loop::WatchSlot>().error();
}

} // namespace pollux
