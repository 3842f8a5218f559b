// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/notify/internal/token_lane.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace pollux::notify {

/// A LaneList holds the lanes of a queue: any thread adds one, and one consumer takes the tokens of all in turn. Each
/// lane is freed by the last of its two ends, its producer and the consumer, that leaves it. Internal.
///
///     opened_   a stack of the lanes that were added since the last poll(), which the consumer takes as a whole
///     last_     the consumer's lanes, a circular list; the next one is due
template <typename Memory>
class LaneList {
  public:
    struct Lane {
        explicit Lane(std::size_t capacity) : tokens(capacity) {}
        TokenLane<Memory> tokens;
        typename Memory::template Atomic<bool> abandoned = false; // by its producer or by the consumer
        typename Memory::template Plain<Lane*> next = nullptr;
    };

    explicit LaneList(std::size_t capacity) : capacity_(TokenRing<Memory>::checked(capacity)), seen_(capacity) {}
    LaneList(const LaneList&) = delete;
    LaneList& operator=(const LaneList&) = delete;

    std::size_t capacity() const noexcept { return capacity_; }
    bool is_closed() const noexcept { return closed_.load(std::memory_order_relaxed); }

    /// Adds a lane that was made with `new`; after close() only its producer refers to it. Threads: any.
    void add(Lane& lane) noexcept {
        Lane* first = nullptr;
        do {
            if (first == end()) {
                lane.abandoned.store(true, std::memory_order_relaxed);
                return;
            }
            lane.next = first;
        } while (!opened_.compare_exchange_weak(first, &lane, std::memory_order_release, std::memory_order_relaxed));
    }

    /// Gives up a lane, for its producer or the consumer; the second call frees it.
    static void leave(Lane* lane) noexcept {
        if (lane->abandoned.exchange(true, std::memory_order_acq_rel)) Memory::destroy(lane);
    }

    // For the consumer: one thread at a time.

    /// Moves tokens to the front of `tokens`, from the lanes in turn, none twice; returns how many.
    std::size_t poll(std::span<Token> tokens) noexcept {
        adopt();
        ++poll_;
        std::size_t size = 0;
        bool taken = false;
        const auto want = [&](std::size_t index) {
            if (seen_[index] == poll_) return true; // from another lane
            if (size == tokens.size()) return false;
            seen_[index] = poll_;
            tokens[size++] = Token{index};
            return true;
        };
        for (auto turns = count_; turns != 0 && size < tokens.size(); --turns) {
            Lane& lane = *last_->next;
            // Loaded before the tokens: all that the producer of an abandoned lane queued is visible then.
            const bool abandoned = lane.abandoned.load(std::memory_order_acquire);
            taken |= lane.tokens.take(want);
            if (abandoned && size < tokens.size()) {
                Memory::destroy(unlink_next());
            } else {
                last_ = &lane;
            }
        }
        if (taken) Memory::full_fence();
        return size;
    }

    /// Leaves all lanes, and frees the data of the consumer: no poll() may follow.
    void close() noexcept {
        closed_.store(true, std::memory_order_relaxed);
        for (auto* lane = opened_.exchange(end(), std::memory_order_acquire); lane;) {
            leave(std::exchange(lane, lane->next));
        }
        while (last_) leave(unlink_next());
        std::vector<std::uint64_t>().swap(seen_);
    }

  private:
    void adopt() noexcept {
        if (!opened_.load(std::memory_order_relaxed)) return;
        for (auto* lane = opened_.exchange(nullptr, std::memory_order_acquire); lane;) {
            Lane* const next = lane->next;
            if (last_) {
                Lane* const due = last_->next;
                lane->next = due;
                last_->next = lane;
            } else {
                lane->next = lane;
            }
            last_ = lane;
            ++count_;
            lane = next;
        }
    }

    Lane* unlink_next() noexcept {
        Lane* const lane = last_->next;
        Lane* const next = lane->next;
        last_->next = next;
        if (lane == last_) last_ = nullptr;
        --count_;
        return lane;
    }

    /// The value of opened_ after close(), which keeps further lanes from being added. It refers to no lane.
    Lane* end() noexcept { return reinterpret_cast<Lane*>(this); }

    template <typename T>
    using Atomic = typename Memory::template Atomic<T>;

    const std::size_t capacity_;
    Atomic<bool> closed_ = false;
    Atomic<Lane*> opened_ = nullptr;
    alignas(cache_line) Lane* last_ = nullptr;
    std::size_t count_ = 0;
    std::uint64_t poll_ = 0;
    std::vector<std::uint64_t> seen_; // for each token, the last poll that delivered it
};

} // namespace pollux::notify
