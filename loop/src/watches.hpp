// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "file_identity.hpp"
#include "lingering_detector.hpp"
#include "slots.hpp"

#include <pollux/loop/watch_callback.hpp>
#include <pollux/poll.hpp>

#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

namespace pollux::loop {

/// A WatchSlot is the target of a Watcher. Its index and its generation are the token.
class alignas(64) WatchSlot final : public ReadySlot {
  public:
    explicit WatchSlot(ReadyLists& lists) noexcept : ReadySlot(lists, SlotKind::watch) {}

    /// Reports that the backend refused it. Errors: std::system_error, unless the callback takes the error.
    void call() override;
    void call(Ready ready) { callback_(ready, nullptr); }
    void close() noexcept override;

    void change(Ready interest, Mode mode) noexcept;
    void rearm() noexcept;
    Mode mode() const noexcept { return wanted_.mode; }
    std::error_code error() const noexcept;

  private:
    friend class Watches;

    struct Wanted {
        Ready interest = Ready::none;
        Mode mode = Mode::level;
        bool operator==(const Wanted&) const noexcept = default;
    };

    void unregister() noexcept override;
    Token token() const noexcept { return Token{std::uint64_t{generation_} << 32 | index()}; }
    void request(const Wanted& wanted) noexcept;
    void update() noexcept { awaits_event_ = is_submitted_ && !spent_ && any(wanted_.interest); }

    FileIdentity identity_; // of the source, while the backend has the watch
    // An event needs what follows: one line of the cache.
    WatchCallback::Function callback_;
    std::uint32_t generation_ = 0;
    Wanted wanted_;             // by the program
    Wanted submitted_;          // submitted to the backend, while it has the watch
    bool is_submitted_ = false; // the backend has the watch
    bool awaits_event_ = false; // the backend has it, and an event is to be reported: neither paused nor spent
    bool changed_ = false;      // in the list of watches to be submitted
    bool resubmit_ : 1 = false; // to be submitted even without a difference
    bool spent_ : 1 = false;    // one-shot, and reported
    bool refused_ : 1 = false;  // its entry has the error
    bool takes_error_ : 1 = false;
    Source source_{};
};

/// A Watches object owns the watches of a Loop, with the changes that were not submitted to the backend yet.
class Watches final : public SlotOwner {
  public:
    Watches(ReadyLists& lists, const Poll& poll) : lists_(lists), registrator_(poll.registrator()), poll_(poll) {
        lists.watches = this;
    }

    /// Errors: std::bad_alloc
    WatchSlot& add(Source source, Ready interest, Mode mode, WatchCallback callback);

    /// Submits a new watch at once. On failure the slot is free again, and its callback was destroyed.
    std::error_code submit_now(WatchSlot& slot) noexcept;

    /// Submits the changes. Watches that the backend refuses are added to the ready list.
    void submit_changes() noexcept {
        while (auto* slot = changed_.pop_front()) submit_or_refuse(*slot);
    }

    /// Returns whether submit_changes() has something to submit.
    bool has_changes() const noexcept { return !changed_.empty(); }

    /// For a backend that was opened again and has no watches: makes submit_changes() add all of them. A one-shot watch
    /// that was reported stays spent until it is armed.
    void resubmit_all() noexcept;

    /// Destroys the callbacks of a Loop that is being destroyed.
    void clear_callbacks() noexcept {
        for (std::uint32_t index = 0; index < slots_.size(); ++index) slots_[index].callback_.clear();
    }

    /// Returns the slot that an event is for, and reduces `ready` to what is to be reported; null if there is none.
    WatchSlot* match_event(Token token, Ready& ready) noexcept;

    /// For an event without a slot: returns whether the backend keeps reporting a watch that has ended. `poll` is the
    /// sequence number of the call that returned the event.
    bool note_lingering(Token token, std::uint64_t poll) noexcept;
    void restart_lingering() noexcept { lingering_.clear(); }

    /// Returns the source of the watch that a token was made for; none if its slot has been reused.
    std::optional<Source> source_of(Token token) noexcept;

  private:
    friend class WatchSlot;

    /// An Entry holds the data of a slot that events do not need.
    struct Entry {
        std::error_code error;
        std::uint32_t next = none; // in its bucket
    };
    static constexpr std::uint32_t none = 0xffffffff;

    void mark(WatchSlot& slot) noexcept;
    void submit_or_refuse(WatchSlot& slot) noexcept;
    std::error_code submit(WatchSlot& slot) noexcept;
    std::error_code submit_new(WatchSlot& slot) noexcept;
    void remove(Source source) noexcept;
    void check_identity(WatchSlot& slot) noexcept;
    void disown(WatchSlot& slot) noexcept;
    static bool reduce_to_wanted(WatchSlot& slot, Ready& ready) noexcept;

    // A hash table, by source, of the watches that the backend has.
    std::uint32_t& bucket_of(Source source) noexcept {
        return buckets_[static_cast<std::size_t>(source) & (buckets_.size() - 1)];
    }
    void make_room();
    WatchSlot* find(Source source) noexcept;
    void note_submitted(WatchSlot& slot) noexcept;
    void note_removed(WatchSlot& slot) noexcept;

    ReadyLists& lists_;
    PollRegistrator registrator_;
    const Poll& poll_;
    SlotPool<WatchSlot> slots_;
    Blocks<Entry> entries_; // of the slots with the same indexes
    std::vector<std::uint32_t> buckets_;
    List<WatchSlot> changed_;
    LingeringDetector lingering_;
};

} // namespace pollux::loop
