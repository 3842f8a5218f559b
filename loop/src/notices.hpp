// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "agenda.hpp"
#include "signals.hpp"

#include <pollux/callback.hpp>

#include <memory>

namespace pollux::loop {

class Notices;

/// The target of a SignalWatcher or a WakeWatcher.
class NoticeSlot final : public ReadySlot {
  public:
    NoticeSlot(Agenda& agenda, Notices& notices) noexcept : ReadySlot(agenda, Kind::notice), notices_(notices) {}

    void call() override { callback_(); }
    void close() noexcept override;

  private:
    friend class Notices;
    void let_go() noexcept override;

    Notices& notices_;
    Callback<void()> callback_;
    int signal_ = 0; // 0: wakes
};

/// The watchers of signals and wakes. There are few, so each signal or wake visits all of them.
class Notices final : public SlotKeeper {
  public:
    explicit Notices(Agenda& agenda) : agenda_(agenda) {}

    NoticeSlot& add_wake(Callback<void()> callback) { return add(0, std::move(callback)); }
    /// Returns null, and the error, if the signal cannot be watched.
    NoticeSlot* add_signal(int signal, Callback<void()> callback, std::error_code& error);

    /// Adds the watchers of wakes to the ready list.
    void tell_of_wake() noexcept { tell(0); }
    /// Adds the watchers of the signals that have arrived to the ready list.
    void tell_of_signals() noexcept;

    /// Returns the Loop's Signals, which the first call makes.
    Signals& signals(const PollRegistrator& registrator);
    /// Returns the error, once, with which a handler failed to wake the Loop. The watchers of the signals that have
    /// arrived are in the ready list then.
    std::error_code take_failure() noexcept;
    /// For a forked child.
    std::error_code reopen_signals() noexcept { return signals_ ? signals_->reopen() : std::error_code(); }

    /// Destroys the callbacks of a Loop that is being destroyed.
    void clear_callbacks() noexcept {
        for (std::uint32_t number = 0; number < slots_.size(); ++number) slots_[number].callback_.clear();
    }

  private:
    friend class NoticeSlot;
    NoticeSlot& add(int signal, Callback<void()> callback);
    void tell(int signal) noexcept;

    Agenda& agenda_;
    Slots<NoticeSlot> slots_;
    std::unique_ptr<Signals> signals_;
};

} // namespace pollux::loop
