// SPDX-License-Identifier: BSL-1.0
#include "watches.hpp"

#include "refusal.hpp"

#include <pollux/loop/watcher.hpp>

#include <algorithm>
#include <utility>

namespace pollux::loop {
namespace {

constexpr Ready promises = Ready::readable | Ready::writable | Ready::priority;
constexpr Ready hints = Ready::closed | Ready::failed;

std::uint32_t generation_of(Token token) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(token) >> 32);
}

} // namespace

void WatchSlot::call() {
    const Refusal refusal{source_, wanted_.interest, wanted_.mode, error()};
    if (!takes_error_) throw refusal_error(lists_.watches->poll_, refusal);
    callback_(Ready::failed, &refusal.error);
}

void WatchSlot::close() noexcept {
    callback_.clear();
    lists_.watches->slots_.free(*this);
}

void WatchSlot::unregister() noexcept {
    // Now, and not when the slot is free again: events that the backend has reported already are stale from here on.
    ++generation_;
    changed_ = false;
    unlink();
    if (!is_submitted_) return;
    lists_.watches->note_removed(*this);
    // Never deferred: the caller may close the source when this returns.
    lists_.watches->remove(source_);
}

void WatchSlot::change(Ready interest, Mode mode) noexcept {
    const Wanted wanted{interest & promises, mode};
    if (wanted == wanted_ && is_submitted_ && !changed_ && !spent_) lists_.watches->check_identity(*this);
    request(wanted);
}

void WatchSlot::rearm() noexcept {
    resubmit_ = any(wanted_.interest);
    request(wanted_);
}

void WatchSlot::request(const Wanted& wanted) noexcept {
    wanted_ = wanted;
    const bool pauses = !any(wanted.interest);
    // A spent watch is as quiet as a paused one: the change is submitted when it is armed.
    if (spent_ && !pauses) {
        spent_ = false;
        resubmit_ = true;
    }
    refused_ = false;
    update();
    set_pending(!pauses);
    lists_.watches->mark(*this);
}

std::error_code WatchSlot::error() const noexcept {
    return refused_ ? lists_.watches->entries_[index()].error : std::error_code();
}

WatchSlot& Watches::add(Source source, Ready interest, Mode mode, WatchCallback callback) {
    make_room();
    auto& slot = slots_.allocate(lists_);
    slot.takes_error_ = callback.takes_error();
    slot.callback_ = std::move(callback).release();
    slot.source_ = source;
    slot.resubmit_ = slot.spent_ = false;
    slot.request({interest & promises, mode});
    return slot;
}

std::error_code Watches::submit_now(WatchSlot& slot) noexcept {
    slot.unlink();
    const auto error = submit(slot);
    if (!error) return {};
    slot.set_pending(false);
    slot.unregister();
    slot.close();
    return error;
}

void Watches::mark(WatchSlot& slot) noexcept {
    const bool changed = !slot.spent_ && (!slot.is_submitted_ || slot.resubmit_ || slot.wanted_ != slot.submitted_);
    if (changed == slot.changed_) return;
    slot.changed_ = changed;
    slot.unlink(); // of the ready list, if a refusal was not reported yet: the watch is submitted again
    if (changed) changed_.push_back(slot);
}

void Watches::submit_or_refuse(WatchSlot& slot) noexcept {
    const auto error = submit(slot);
    if (!error) return;
    entries_[slot.index()].error = error;
    slot.refused_ = true;
    slot.set_pending(false);
    lists_.ready.push_back(slot);
}

std::error_code Watches::submit(WatchSlot& slot) noexcept {
    slot.changed_ = slot.resubmit_ = false;
    if (slot.is_submitted_) {
        const auto error = registrator_.modify(slot.source_, {slot.token(), slot.wanted_.interest, slot.wanted_.mode});
        if (!error) {
            slot.submitted_ = slot.wanted_;
            return {};
        }
        note_removed(slot);
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
    const Watch watch{slot.token(), slot.wanted_.interest, slot.wanted_.mode};
    auto error = registrator_.add(slot.source_, watch);
    if (error == std::errc::file_exists && !owner) { // of a watch whose removal failed
        remove(slot.source_);
        error = registrator_.add(slot.source_, watch);
    }
    if (error) return error;
    if (owner) disown(*owner); // otherwise the backend would have refused a duplicate
    slot.submitted_ = slot.wanted_;
    note_submitted(slot);
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
    note_removed(slot);
    ++slot.generation_;
    slot.changed_ = slot.resubmit_ = false;
    slot.unlink();
    slot.set_pending(false);
    entries_[slot.index()].error = make_error_code(std::errc::bad_file_descriptor);
    slot.refused_ = true;
}

/// Submits a watch again whose source was closed, whether or not its file descriptor was reused.
void Watches::check_identity(WatchSlot& slot) noexcept {
    if (identity_of(slot.source_) == slot.identity_) return;
    remove(slot.source_);
    note_removed(slot);
    ++slot.generation_;
}

void Watches::resubmit_all() noexcept {
    for (std::uint32_t index = 0; index < slots_.size(); ++index) {
        auto& slot = slots_[index];
        if (!slot.is_submitted_) continue;
        note_removed(slot);
        mark(slot);
    }
    lingering_.clear();
}

WatchSlot* Watches::match_event(Token token, Ready& ready) noexcept {
    const auto index = static_cast<std::uint32_t>(token);
    if (index >= slots_.size()) return nullptr;
    auto& slot = slots_[index];
    if (slot.generation_ != generation_of(token)) return nullptr;
    if ((slot.changed_ || !slot.awaits_event_) && !reduce_to_wanted(slot, ready)) return nullptr;
    if (slot.wanted_.mode == Mode::oneshot) {
        slot.spent_ = true;
        slot.resubmit_ = false;
        slot.update();
        if (std::exchange(slot.changed_, false)) slot.unlink();
        slot.set_pending(false);
    }
    return &slot;
}

/// Reduces an event of a watch that was changed, paused or spent to its present interest, and returns whether something
/// is left to be reported. The rest is not lost: the change is submitted to the backend, which then reports again what
/// is ready.
bool Watches::reduce_to_wanted(WatchSlot& slot, Ready& ready) noexcept {
    if (!slot.is_submitted_ || slot.spent_) return false;
    const bool same_mode = slot.wanted_.mode == slot.submitted_.mode;
    const auto wanted = same_mode ? ready & slot.wanted_.interest : Ready::none;
    if (slot.changed_ && wanted != (ready & promises)) slot.resubmit_ = true; // even if it is changed back
    ready = wanted | (ready & hints);
    return any(wanted);
}

bool Watches::note_lingering(Token token, std::uint64_t poll) noexcept {
    const auto index = static_cast<std::uint32_t>(token);
    const auto* slot = index < slots_.size() ? &slots_[index] : nullptr;
    // A watch that was changed, paused or spent may have events without effect.
    if (slot && slot->generation_ == generation_of(token) && slot->is_submitted_) return false;
    return lingering_.note(token, poll);
}

std::optional<Source> Watches::source_of(Token token) noexcept {
    const auto index = static_cast<std::uint32_t>(token);
    if (index >= slots_.size()) return {};
    const auto& slot = slots_[index];
    const bool is_used_again = slot.callback_ && !slot.refused_;
    if (slot.generation_ != generation_of(token) + 1 || is_used_again) return {};
    return slot.source_;
}

void Watches::make_room() {
    if (entries_.size() <= slots_.size()) entries_.emplace_back();
    if (slots_.size() < buckets_.size()) return;
    buckets_.assign(std::max<std::size_t>(64, 2 * buckets_.size()), none);
    for (std::uint32_t index = 0; index < slots_.size(); ++index) {
        auto& slot = slots_[index];
        if (slot.is_submitted_) note_submitted(slot);
    }
}

WatchSlot* Watches::find(Source source) noexcept {
    for (auto index = bucket_of(source); index != none; index = entries_[index].next) {
        if (slots_[index].source_ == source) return &slots_[index];
    }
    return nullptr;
}

void Watches::note_submitted(WatchSlot& slot) noexcept {
    entries_[slot.index()].next = std::exchange(bucket_of(slot.source_), slot.index());
    slot.is_submitted_ = true;
    slot.update();
}

void Watches::note_removed(WatchSlot& slot) noexcept {
    auto* index = &bucket_of(slot.source_);
    while (*index != slot.index()) index = &entries_[*index].next;
    *index = entries_[*index].next;
    slot.is_submitted_ = false;
    slot.update();
}

void Watcher::change(Ready interest) noexcept {
    if (*this) change(interest, target<loop::WatchSlot>().mode());
}

void Watcher::change(Ready interest, Mode mode) noexcept {
    if (!*this) return;
    target<loop::WatchSlot>().require_thread("Watcher::change()");
    target<loop::WatchSlot>().change(interest, mode);
}

void Watcher::rearm() noexcept {
    if (!*this) return;
    target<loop::WatchSlot>().require_thread("Watcher::rearm()");
    target<loop::WatchSlot>().rearm();
}

std::error_code Watcher::error() const noexcept {
    if (!*this) return make_error_code(std::errc::operation_canceled);
    target<loop::WatchSlot>().require_thread("Watcher::error()");
    return target<loop::WatchSlot>().error();
}

} // namespace pollux::loop
