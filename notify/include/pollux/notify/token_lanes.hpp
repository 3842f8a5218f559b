// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/notify/internal/lane_list.hpp>
#include <pollux/notify/tokens.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

namespace pollux::notify {

/// An argument of type lanes_t makes event_queue() return token lanes: a queue with one lane for each LaneNotifier, so
/// that no two producers write the same memory, and new tokens cost much less. The order of tokens is kept for each
/// LaneNotifier, not across them.                                                       [lanes.fifo]
struct lanes_t {
    explicit lanes_t() = default;
};
inline constexpr lanes_t lanes{};

struct TokenLanes;

/// A LaneSet holds what the ends of token lanes share. Internal.
class LaneSet {
  public:
    using Lane = LaneList<RealMemory>::Lane;

    explicit LaneSet(std::size_t capacity);

    std::size_t capacity() const noexcept { return lanes_.capacity(); }
    bool is_closed() const noexcept { return lanes_.is_closed(); }

    /// Opens a new lane; after close() a lane of capacity 0, to which only its LaneNotifier refers. Threads: any.
    Lane& open();
    /// Gives up a lane, for its LaneNotifier or the consumer; the second call frees it.
    static void leave(Lane* lane) noexcept;

    // For the consumer.
    std::size_t poll(std::span<Token> tokens) noexcept;
    /// Called when the LanePoller is destroyed: leaves all lanes, and frees the data of the consumer.
    void close() noexcept;

  private:
    LaneList<RealMemory> lanes_;
};

/// A LaneNotifier is the producers' end of token lanes. Each copy has a lane of its own, which takes 5 to 9 bytes for
/// each token of the capacity. A poll() that delivers fewer tokens than it has room for frees the lanes of all copies
/// that were destroyed before. Once the LanePoller is destroyed, a lane is freed with its copy, and new copies have
/// none.
///                                                                                          [lanes.memory]
///
/// Threads:  one thread at a time may use an object: give each thread a copy.
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

    /// Queues `token` as Notifier::notify() does, after all that this LaneNotifier queued before; not const.
    ///
    /// Errors: invalid_argument  the token is not below the capacity; it is not queued  [lanes.out_of_range]
    ///         disconnected      the LanePoller is destroyed                            [lanes.consumer_destroyed]
    [[nodiscard]] std::error_code notify(Token token) noexcept {
        const auto value = static_cast<std::uint64_t>(token);
        if (value >= lane_->tokens.capacity() || lanes_->is_closed()) return refusal(token);
        lane_->tokens.push(value);
        return no_error;
    }

  private:
    friend TokenLanes event_queue(std::size_t capacity, lanes_t);
    explicit LaneNotifier(std::shared_ptr<LaneSet> set) : lanes_(std::move(set)), lane_(&lanes_->open()) {}

    [[nodiscard]] std::error_code refusal(Token token) const noexcept;

    std::shared_ptr<LaneSet> lanes_;
    LaneSet::Lane* lane_;
};

/// A LanePoller is the consumer's end of token lanes. Each queue has one, which is moved and not copied.
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

    /// Moves tokens as Poller::poll() does, from the lanes in turn.                     [lanes.fair]
    /// A token that several lanes hold is delivered once in one poll().                 [lanes.once]
    /// The next poll() may deliver it again if `limit` left it in another lane.
    std::size_t poll(Tokens& tokens, std::size_t limit = no_limit) noexcept {
        tokens.size_ = lanes_->poll(tokens.room(limit));
        return tokens.size_;
    }

  private:
    friend TokenLanes event_queue(std::size_t capacity, lanes_t);
    explicit LanePoller(std::shared_ptr<LaneSet> set) noexcept : lanes_(std::move(set)) {}

    std::shared_ptr<LaneSet> lanes_;
};

/// TokenLanes holds the two ends of token lanes.
struct TokenLanes {
    LaneNotifier notifier;
    LanePoller poller;
};

/// Makes token lanes for the tokens below `capacity`, which is at most 2^28.
///
/// Errors: std::length_error, std::bad_alloc.
TokenLanes event_queue(std::size_t capacity, lanes_t);

} // namespace pollux::notify
