// SPDX-License-Identifier: BSL-1.0
#include "watches.hpp"

#include <pollux/watcher.hpp>

#include <stdexcept>
#include <utility>

namespace pollux::loop {
namespace {

constexpr Ready promises = Ready::readable | Ready::writable | Ready::priority;
constexpr Ready hints = Ready::closed | Ready::failed;

} // namespace

void WatchSlot::close() noexcept {
    callback_.clear();
    agenda_.watches->slots_.give_back(*this);
}

void WatchSlot::let_go() noexcept {
    // Now, and not when the slot is free again: what the engine has reported already is stale from here on.
    ++generation_;
    changed_ = false;
    unlink();
    // Never deferred: the caller may close the source when this returns. It fails if he has done so before.
    if (std::exchange(is_known_, false)) agenda_.watches->registrator_.remove(source_);
}

void WatchSlot::change(Ready interest, Mode mode) noexcept {
    if (spent_ || error_) anew_ = true;
    ask({interest & promises, mode});
}

void WatchSlot::rearm() noexcept {
    anew_ = true;
    ask(asked_);
}

void WatchSlot::ask(const Asked& asked) noexcept {
    asked_ = asked;
    spent_ = false;
    error_.clear();
    set_pending(any(asked.interest));
    agenda_.watches->mark(*this);
}

WatchSlot& Watches::add(Source source, Ready interest, Mode mode, Callback<void(Ready)> callback) {
    auto& slot = slots_.take(agenda_);
    slot.callback_ = std::move(callback);
    slot.source_ = source;
    slot.anew_ = false;
    slot.ask({interest & promises, mode});
    return slot;
}

void Watches::mark(WatchSlot& slot) noexcept {
    const bool changed = !slot.is_known_ || slot.anew_ || slot.asked_ != slot.known_;
    if (changed == slot.changed_) return;
    slot.changed_ = changed;
    slot.unlink(); // a refusal that was not told yet: it is tried again
    if (changed) changed_.push_back(slot);
}

void Watches::hand_over(WatchSlot& slot) noexcept {
    const Watch watch{slot.token(), slot.asked_.interest, slot.asked_.mode};
    slot.changed_ = slot.anew_ = false;
    slot.error_ = slot.is_known_ ? registrator_.modify(slot.source_, watch) : registrator_.add(slot.source_, watch);
    if (!slot.error_) {
        slot.is_known_ = true;
        slot.known_ = slot.asked_;
        return;
    }
    // A change that was refused leaves the watch as it was before, which nobody wants any more.
    if (std::exchange(slot.is_known_, false)) registrator_.remove(slot.source_);
    slot.set_pending(false);
    agenda_.ready.push_back(slot);
}

void Watches::hand_over_all() noexcept {
    for (std::uint32_t number = 0; number < slots_.size(); ++number) {
        auto& slot = slots_[number];
        if (std::exchange(slot.is_known_, false) && !slot.spent_) mark(slot);
    }
}

WatchSlot* Watches::addressee(Token token, Ready& ready) noexcept {
    const auto number = static_cast<std::uint32_t>(token);
    if (number >= slots_.size()) return nullptr;
    auto& slot = slots_[number];
    if (slot.generation_ != static_cast<std::uint64_t>(token) >> 32 || !slot.is_known_ || slot.spent_) return nullptr;
    if (slot.changed_ && !conforms(slot, ready)) return nullptr;
    if (slot.asked_.mode == Mode::oneshot) {
        slot.spent_ = true;
        slot.anew_ = false;
        if (std::exchange(slot.changed_, false)) slot.unlink();
        slot.set_pending(false);
    }
    return &slot;
}

/// Leaves of an event what the changed watch asks for. The rest is not lost: the engine will be told the change, and
/// then reports anew what is ready.
bool Watches::conforms(WatchSlot& slot, Ready& ready) noexcept {
    const bool same_mode = slot.asked_.mode == slot.known_.mode;
    const auto asked = same_mode ? ready & slot.asked_.interest : Ready::none;
    if (asked != (ready & promises)) slot.anew_ = true; // also if it is changed back
    ready = asked | (ready & hints);
    return any(asked);
}

} // namespace pollux::loop

namespace pollux {

void Watcher::change(Ready interest) noexcept {
    if (*this) change(interest, handled<loop::WatchSlot>().mode());
}

void Watcher::change(Ready interest, Mode mode) noexcept {
    if (*this) handled<loop::WatchSlot>().change(interest, mode);
}

void Watcher::rearm() noexcept {
    if (*this) handled<loop::WatchSlot>().rearm();
}

std::error_code Watcher::error() const noexcept {
    return *this ? handled<loop::WatchSlot>().error() : make_error_code(std::errc::operation_canceled);
}

} // namespace pollux
