// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "agenda.hpp"

#include <pollux/callback.hpp>
#include <pollux/poll.hpp>

#include <cstdint>
#include <system_error>

namespace pollux::loop {

/// What a Watcher stands for. Its number and generation are its token.
class alignas(64) WatchSlot final : public ReadySlot {
  public:
    explicit WatchSlot(Agenda& agenda) noexcept : ReadySlot(agenda, Kind::watch) {}

    /// Tells that the engine refused it.
    void call() override { callback_(Ready::failed); }
    void call(Ready ready) { callback_(ready); }
    void close() noexcept override;

    void change(Ready interest, Mode mode) noexcept;
    void rearm() noexcept;
    Mode mode() const noexcept { return asked_.mode; }
    std::error_code error() const noexcept { return error_; }

  private:
    friend class Watches;

    struct Asked {
        Ready interest = Ready::none;
        Mode mode = Mode::level;
        bool operator==(const Asked&) const noexcept = default;
    };

    void let_go() noexcept override;
    Token token() const noexcept { return Token{std::uint64_t{generation_} << 32 | number()}; }
    void ask(const Asked& asked) noexcept;

    std::error_code error_;
    // An event needs what follows: one line of the cache.
    Callback<void(Ready)> callback_;
    std::uint32_t generation_ = 0;
    Asked asked_;           // what the program wants
    Asked known_;           // what the engine was told, if it was
    bool is_known_ = false; // to the engine
    bool changed_ = false;  // in the list of what is to be handed over
    bool anew_ = false;     // to be handed over though nothing may be different
    bool spent_ = false;    // one-shot, and reported
    Source source_{};
};

/// The watches of a Loop: knows what the engine was told of each, and what it still has to be told.
class Watches final : public SlotKeeper {
  public:
    Watches(Agenda& agenda, const PollRegistrator& registrator) : agenda_(agenda), registrator_(registrator) {
        agenda.watches = this;
    }

    WatchSlot& add(Source source, Ready interest, Mode mode, Callback<void(Ready)> callback);

    /// Tells the engine what changed. What it refuses is put into the agenda.
    void hand_over() noexcept {
        while (auto* slot = changed_.pop_front()) hand_over(*slot);
    }

    /// For a backend that knows no watch any more, such as one that was opened again: hand_over() adds all of them. A
    /// one-shot watch that was reported stays as it is until it is armed.
    void hand_over_all() noexcept;

    /// Destroys the callbacks of a Loop that is being destroyed.
    void clear_callbacks() noexcept {
        for (std::uint32_t number = 0; number < slots_.size(); ++number) slots_[number].callback_.clear();
    }

    /// Who is to be told of an event; `ready` is left with what is to be told. Null: nobody.
    WatchSlot* addressee(Token token, Ready& ready) noexcept;

  private:
    friend class WatchSlot;
    void mark(WatchSlot& slot) noexcept;
    void hand_over(WatchSlot& slot) noexcept;
    static bool conforms(WatchSlot& slot, Ready& ready) noexcept;

    Agenda& agenda_;
    PollRegistrator registrator_;
    Slots<WatchSlot> slots_;
    List<WatchSlot> changed_;
};

} // namespace pollux::loop
