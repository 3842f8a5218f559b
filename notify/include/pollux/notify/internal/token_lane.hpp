// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/notify/internal/token_ring.hpp>

namespace pollux::notify {

/// A TokenLane is a queue of tokens, each queued at most once, for one producer and one consumer. Unlike a TokenRing,
/// it needs plain loads and stores only, unless a token is queued already. Internal.
template <typename Memory>
class TokenLane {
  public:
    explicit TokenLane(std::size_t capacity, std::size_t first = 0)
        : capacity_(capacity),
          mask_(std::bit_ceil(capacity) - 1),
          queued_(std::make_unique<Atomic<bool>[]>(capacity)),
          slots_(std::make_unique<Atomic<std::uint32_t>[]>(mask_ + 1)),
          tail_(first),
          head_(first) {}

    std::size_t capacity() const noexcept { return capacity_; }

    /// For the producer: queues the token `index`, which is less than the capacity. Returns false if it was queued
    /// already.
    bool push(std::size_t index) noexcept {
        auto& queued = queued_[index];
        if (queued.load(std::memory_order_acquire)) {
            Memory::full_fence(); // as in TokenRing::push()
            if (queued.load(std::memory_order_acquire)) return false;
        }
        queued.store(true, std::memory_order_relaxed); // no other thread sets it
        const auto tail = tail_.load(std::memory_order_relaxed);
        slots_[tail & mask_].store(static_cast<std::uint32_t>(index), std::memory_order_relaxed);
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    /// For the consumer: calls `want` with the oldest tokens, and takes each for which it returns true, up to the first
    /// for which it returns false. Returns whether any was taken; full_fence() must follow before their data is read.
    template <typename Want>
    bool take(Want&& want) noexcept {
        const auto tail = tail_.load(std::memory_order_acquire);
        const auto first = head_;
        while (head_ != tail) {
            const auto index = slots_[head_ & mask_].load(std::memory_order_relaxed);
            if (!want(index)) break;
            ++head_;
            queued_[index].store(false, std::memory_order_release);
        }
        return head_ != first;
    }

  private:
    template <typename T>
    using Atomic = typename Memory::template Atomic<T>;

    const std::size_t capacity_;
    const std::size_t mask_;
    const std::unique_ptr<Atomic<bool>[]> queued_;
    const std::unique_ptr<Atomic<std::uint32_t>[]> slots_;
    alignas(cache_line) Atomic<std::size_t> tail_;
    alignas(cache_line) std::size_t head_;
};

} // namespace pollux::notify
