// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "signals.hpp"
#include "slots.hpp"

#include <pollux/loop/callback.hpp>

#include <memory>

namespace pollux::loop {

class SignalWakeWatchers;

/// A SignalWakeSlot is the target of a SignalWatcher or a WakeWatcher.
class SignalWakeSlot final : public ReadySlot {
  public:
    SignalWakeSlot(ReadyLists& lists, SignalWakeWatchers& watchers) noexcept
        : ReadySlot(lists, SlotKind::signal_or_wake), watchers_(watchers) {}

    void call() override { callback_(); }
    void close() noexcept override;

  private:
    friend class SignalWakeWatchers;
    void unregister() noexcept override;

    SignalWakeWatchers& watchers_;
    Callback<void()> callback_;
    int signal_ = 0; // 0: wakes
};

/// A SignalWakeWatchers object owns the callbacks for signals and wakes. There are few, so each signal or wake visits
/// all of them.
class SignalWakeWatchers final : public SlotOwner {
  public:
    explicit SignalWakeWatchers(ReadyLists& lists) : lists_(lists) {}

    SignalWakeSlot& add_wake(Callback<void()> callback) { return add(0, std::move(callback)); }
    /// Returns null, and the error, if the signal cannot be watched.
    SignalWakeSlot* add_signal(int signal, Callback<void()> callback, std::error_code& error);

    /// Adds the watchers of wakes to the ready list.
    void make_ready_for_wake() noexcept { make_ready(0); }
    /// Adds the watchers of the signals that have arrived to the ready list.
    void make_ready_for_signals() noexcept;

    /// Returns the Loop's Signals, which the first call makes.
    Signals& signals(const PollRegistrator& registrator);
    /// Returns the error, once, with which a handler failed to wake the Loop. The watchers of the signals that have
    /// arrived are in the ready list then.
    std::error_code take_failure() noexcept;
    /// For a forked child.
    std::error_code reopen_signals() noexcept { return signals_ ? signals_->reopen() : std::error_code(); }

    /// Destroys the callbacks of a Loop that is being destroyed.
    void clear_callbacks() noexcept {
        for (std::uint32_t index = 0; index < slots_.size(); ++index) slots_[index].callback_.clear();
    }

  private:
    friend class SignalWakeSlot;
    SignalWakeSlot& add(int signal, Callback<void()> callback);
    void make_ready(int signal) noexcept;

    ReadyLists& lists_;
    SlotPool<SignalWakeSlot> slots_;
    std::unique_ptr<Signals> signals_;
};

} // namespace pollux::loop
