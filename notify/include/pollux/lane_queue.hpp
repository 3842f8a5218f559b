// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/token_lane.hpp>
#include <pollux/tokens.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace pollux {

/// One lane for each Notifier: nobody shares a word with another producer. Much cheaper for new tokens; the order is
/// kept for each LaneNotifier, not across them [lanes.fifo].
struct lanes_t {
    explicit lanes_t() = default;
};
inline constexpr lanes_t lanes{};

struct LaneQueue;

/// What the ends of a queue of lanes share: not for programs.
class LaneSet {
  public:
    struct Lane {
        explicit Lane(std::size_t capacity) : tokens(capacity) {}
        TokenLane<RealMemory> tokens;
        std::atomic<bool> abandoned = false; // by its LaneNotifier or by the consumer: the other one frees it
        Lane* next = nullptr;
    };

    explicit LaneSet(std::size_t capacity);
    ~LaneSet();
    LaneSet(const LaneSet&) = delete;
    LaneSet& operator=(const LaneSet&) = delete;

    std::size_t capacity() const noexcept { return capacity_; }
    bool is_closed() const noexcept { return closed_.load(std::memory_order_relaxed); }

    /// A new lane, without room and known to its LaneNotifier alone when nobody polls any more. From any thread.
    Lane& open();
    /// Ends what a LaneNotifier or the consumer has to do with a lane.
    static void leave(Lane* lane) noexcept;

    // The consumer's.
    std::size_t poll(std::span<Token> tokens) noexcept;
    /// Nobody polls from now on: leaves all lanes, and frees what was the consumer's.
    void close() noexcept;

  private:
    void adopt() noexcept;
    Lane* unlink_next() noexcept;
    void remove_next() noexcept;
    /// In place of the lanes that were opened: none is adopted any more. No lane.
    Lane* end() noexcept { return reinterpret_cast<Lane*>(this); }

    const std::size_t capacity_;
    std::atomic<bool> closed_ = false;
    std::atomic<Lane*> opened_ = nullptr;      // a stack; the consumer takes all
    alignas(cache_line) Lane* last_ = nullptr; // a ring of those that the consumer knows; the next has its turn
    std::size_t count_ = 0;
    std::uint64_t poll_ = 0;
    std::vector<std::uint64_t> seen_; // for each token the last poll that delivered it
};

/// The way in to a queue of lanes. Each copy has a lane of its own, which takes 5 to 9 bytes for each token of the
/// capacity. A poll() that delivers fewer tokens than it has room for frees the lanes of all copies that were destroyed
/// before [lanes.memory]. When the LanePoller is gone, a lane is freed with its copy, and new copies have none.
///
/// Threads:  one object by one thread at a time: give each thread its copy.
/// Lifetime: as for Notifier.
/// Errors:   copying throws std::bad_alloc.
class LaneNotifier {
  public:
    LaneNotifier(const LaneNotifier& other) : LaneNotifier(other.lanes_) {}
    LaneNotifier(LaneNotifier&& other) noexcept
        : lanes_(std::move(other.lanes_)), lane_(std::exchange(other.lane_, nullptr)) {}
    LaneNotifier& operator=(LaneNotifier other) noexcept {
        lanes_.swap(other.lanes_);
        std::swap(lane_, other.lane_);
        return *this;
    }
    ~LaneNotifier() {
        if (lane_) LaneSet::leave(lane_);
    }

    /// As Notifier::notify(), behind all that this LaneNotifier queued before; no longer const.
    ///
    /// Errors: invalid_argument  the token is not below the capacity; nothing happened   [lanes.out_of_range]
    ///         disconnected      the LanePoller is gone                                  [lanes.poller_gone]
    std::error_code notify(Token token) noexcept {
        const auto number = static_cast<std::uint64_t>(token);
        if (number >= lane_->tokens.capacity() || lanes_->is_closed()) return refusal(token);
        lane_->tokens.push(number);
        return no_error;
    }

  private:
    friend LaneQueue event_queue(std::size_t capacity, lanes_t);
    explicit LaneNotifier(std::shared_ptr<LaneSet> set) : lanes_(std::move(set)), lane_(&lanes_->open()) {}

    std::error_code refusal(Token token) const noexcept;

    std::shared_ptr<LaneSet> lanes_;
    LaneSet::Lane* lane_;
};

/// The way out of a queue of lanes: there is one, which is moved and not copied.
///
/// Threads, Lifetime: as for Poller.
class LanePoller {
  public:
    LanePoller(LanePoller&&) noexcept = default;
    LanePoller& operator=(LanePoller&& other) noexcept {
        LanePoller taken(std::move(other));
        lanes_.swap(taken.lanes_);
        return *this;
    }
    ~LanePoller() {
        if (lanes_) lanes_->close();
    }

    /// As Poller::poll(); the lanes take turns [lanes.fair]. A token that several of them hold comes once in one
    /// poll() [lanes.once]; it may come again in the next, if `limit` left it in another lane.
    std::size_t poll(Tokens& tokens, std::size_t limit = no_limit) noexcept {
        tokens.size_ = lanes_->poll(tokens.room(limit));
        return tokens.size_;
    }

  private:
    friend LaneQueue event_queue(std::size_t capacity, lanes_t);
    explicit LanePoller(std::shared_ptr<LaneSet> set) noexcept : lanes_(std::move(set)) {}

    std::shared_ptr<LaneSet> lanes_;
};

struct LaneQueue {
    LaneNotifier notifier;
    LanePoller poller;
};

/// Errors: as for event_queue().
LaneQueue event_queue(std::size_t capacity, lanes_t);

} // namespace pollux
