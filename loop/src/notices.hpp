// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "agenda.hpp"
#include "signals.hpp"

#include <pollux/callback.hpp>

#include <memory>

namespace pollux::loop {

class Notices;

/// What a SignalWatcher or a WakeWatcher stands for.
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

/// Those who are told of signals and of wakes, without a word on what happened. There are few.
class Notices final : public SlotKeeper {
  public:
    explicit Notices(Agenda& agenda) : agenda_(agenda) {}

    NoticeSlot& add_wake(Callback<void()> callback) { return add(0, std::move(callback)); }
    /// Null and the error, if the signal cannot be watched.
    NoticeSlot* add_signal(int signal, Callback<void()> callback, std::error_code& error);

    /// Puts those who wait for wakes into the agenda.
    void tell_of_wake() noexcept { tell(0); }
    /// The same for the signals that have arrived.
    void tell_of_signals() noexcept;

    /// What the Loop has; made by the first call.
    Signals& signals(const PollRegistrator& registrator);
    /// What kept a handler from waking the Loop; each call tells of it once. Signals that arrived are in the agenda
    /// then.
    std::error_code take_failure() noexcept;
    /// In a forked child.
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
