// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/notify/internal/token_ring.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace pollux::notify::tests {

using namespace model;

/// The design that TokenRing replaces, as it was published: a flag for each token that is swapped with acquire, a
/// bounded ring with a sequence number in each slot, and a flag of its own for a consumer that is parked.
/// `fenced` adds the two fences whose lack is seen on x86-64.
template <typename Memory, bool fenced>
class PublishedRing {
  public:
    explicit PublishedRing(std::size_t capacity)
        : mask_(std::bit_ceil(capacity) - 1),
          queued_(std::make_unique<Atomic<bool>[]>(capacity)),
          slots_(std::make_unique<Slot[]>(mask_ + 1)) {}

    Pushed push(Token token) {
        const auto number = static_cast<std::size_t>(token);
        if (queued_[number].exchange(true, std::memory_order_acquire)) return Pushed::conflated;
        auto tail = tail_.load(std::memory_order_relaxed);
        for (;;) {
            auto& slot = slots_[tail & mask_];
            // Sequence numbers count from the place of their slot, so that all begin at zero.
            if (slot.sequence.load(std::memory_order_acquire) + (tail & mask_) != tail) {
                tail = tail_.load(std::memory_order_relaxed);
            } else if (tail_.compare_exchange_strong(tail, tail + 1, std::memory_order_relaxed)) {
                slot.token.store(number, std::memory_order_relaxed);
                slot.sequence.store(tail + 1 - (tail & mask_), std::memory_order_release);
                break;
            }
        }
        if constexpr (fenced) Memory::full_fence();
        return parked_.load(std::memory_order_acquire) && parked_.exchange(false, std::memory_order_acq_rel)
                   ? Pushed::wakes
                   : Pushed::queued;
    }

    std::size_t take(std::span<Token> tokens) {
        std::size_t count = 0;
        for (; count < tokens.size() && !is_empty(); ++count, ++head_) {
            auto& slot = slots_[head_ & mask_];
            const auto number = slot.token.load(std::memory_order_relaxed);
            slot.sequence.store(head_ + mask_ + 1 - (head_ & mask_), std::memory_order_release);
            queued_[number].store(false, std::memory_order_release);
            tokens[count] = Token{number};
        }
        if constexpr (fenced) {
            if (count != 0) Memory::full_fence();
        }
        return count;
    }

    SleepResult try_sleep() {
        parked_.store(true, std::memory_order_release);
        if constexpr (fenced) Memory::full_fence();
        if (is_empty()) return SleepResult::asleep;
        parked_.store(false, std::memory_order_relaxed);
        return SleepResult::more;
    }

  private:
    template <typename T>
    using Atomic = typename Memory::template Atomic<T>;
    struct Slot {
        Atomic<std::size_t> sequence{};
        Atomic<std::size_t> token{};
    };

    bool is_empty() {
        return slots_[head_ & mask_].sequence.load(std::memory_order_acquire) + (head_ & mask_) != head_ + 1;
    }

    const std::size_t mask_;
    const std::unique_ptr<Atomic<bool>[]> queued_;
    const std::unique_ptr<Slot[]> slots_;
    Atomic<std::size_t> tail_{};
    Atomic<bool> parked_{};
    std::size_t head_ = 0;
};

} // namespace pollux::notify::tests
