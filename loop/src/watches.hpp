// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "agenda.hpp"
#include "identity.hpp"
#include "lingering.hpp"

#include <pollux/poll.hpp>
#include <pollux/watch_callback.hpp>

#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

namespace pollux::loop {

/// A WatchSlot is the target of a Watcher. Its index and its generation are the token.
class alignas(64) WatchSlot final : public ReadySlot {
  public:
    explicit WatchSlot(Agenda& agenda) noexcept : ReadySlot(agenda, Kind::watch) {}

    /// Reports that the backend refused it. Errors: std::system_error, unless the callback takes the error.
    void call() override;
    void call(Ready ready) { callback_(ready, nullptr); }
    void close() noexcept override;

    void change(Ready interest, Mode mode) noexcept;
    void rearm() noexcept;
    Mode mode() const noexcept { return asked_.mode; }
    std::error_code error() const noexcept;

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
    void update() noexcept { awaits_event_ = is_known_ && !spent_ && any(asked_.interest); }

    FileIdentity identity_; // of the source, while the backend has the watch
    // An event needs what follows: one line of the cache.
    WatchCallback::Function callback_;
    std::uint32_t generation_ = 0;
    Asked asked_;               // by the program
    Asked known_;               // submitted to the backend, while it has the watch
    bool is_known_ = false;     // the backend has the watch
    bool awaits_event_ = false; // the backend has it, and an event is to be reported: neither paused nor spent
    bool changed_ = false;      // in the list of watches to be submitted
    bool anew_ : 1 = false;     // to be submitted even without a difference
    bool spent_ : 1 = false;    // one-shot, and reported
    bool refused_ : 1 = false;  // its entry has the error
    bool takes_error_ : 1 = false;
    Source source_{};
};

/// The watches of a Loop, with the changes that were not submitted to the backend yet.
class Watches final : public SlotKeeper {
  public:
    Watches(Agenda& agenda, const PollRegistrator& registrator, const Choice& choice)
        : agenda_(agenda), registrator_(registrator), choice_(choice) {
        agenda.watches = this;
    }

    /// Errors: std::bad_alloc
    WatchSlot& add(Source source, Ready interest, Mode mode, WatchCallback callback);

    /// Submits a new watch at once. On failure the slot is free again, and its callback was destroyed.
    std::error_code submit_now(WatchSlot& slot) noexcept;

    /// Submits the changes. Watches that the backend refuses are added to the ready list.
    void hand_over() noexcept {
        while (auto* slot = changed_.pop_front()) hand_over(*slot);
    }

    /// For a backend that was opened again and has no watches: makes hand_over() add all of them. A one-shot watch that
    /// was reported stays spent until it is armed.
    void hand_over_all() noexcept;

    /// Destroys the callbacks of a Loop that is being destroyed.
    void clear_callbacks() noexcept {
        for (std::uint32_t number = 0; number < slots_.size(); ++number) slots_[number].callback_.clear();
    }

    /// Returns the slot that an event is for, and reduces `ready` to what is to be reported; null if there is none.
    WatchSlot* addressee(Token token, Ready& ready) noexcept;

    /// For an event without a slot: returns whether the backend keeps reporting a watch that has ended. `poll` is the
    /// sequence number of the call that returned the event.
    bool lingers(Token token, std::uint64_t poll) noexcept;

    /// Returns the source of the watch that a token was made for; none if its slot has been reused.
    std::optional<Source> source_of(Token token) noexcept;

  private:
    friend class WatchSlot;

    /// The cold data of a slot.
    struct Entry {
        std::error_code error;
        std::uint32_t next = none; // in its bucket
    };
    static constexpr std::uint32_t none = 0xffffffff;

    void mark(WatchSlot& slot) noexcept;
    void hand_over(WatchSlot& slot) noexcept;
    std::error_code submit(WatchSlot& slot) noexcept;
    std::error_code submit_new(WatchSlot& slot) noexcept;
    void remove(Source source) noexcept;
    void check_identity(WatchSlot& slot) noexcept;
    void disown(WatchSlot& slot) noexcept;
    static bool conforms(WatchSlot& slot, Ready& ready) noexcept;

    // A hash table, by source, of the watches that the backend has.
    std::uint32_t& bucket_of(Source source) noexcept {
        return buckets_[static_cast<std::size_t>(source) & (buckets_.size() - 1)];
    }
    void make_room();
    WatchSlot* find(Source source) noexcept;
    void note_known(WatchSlot& slot) noexcept;
    void note_unknown(WatchSlot& slot) noexcept;

    Agenda& agenda_;
    PollRegistrator registrator_;
    const Choice& choice_;
    Slots<WatchSlot> slots_;
    Blocks<Entry> entries_; // of the slots with the same indexes
    std::vector<std::uint32_t> buckets_;
    List<WatchSlot> changed_;
    Lingering lingering_;
};

} // namespace pollux::loop
