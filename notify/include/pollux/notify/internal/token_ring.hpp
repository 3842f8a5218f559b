// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

/// The algorithm of the token queues of notify.hpp. Internal.
namespace pollux::notify {

/// RealMemory names the atomics and fences of the C++ library. The model test replaces it by a model of memory, which
/// tries every outcome that C++ allows.
struct RealMemory {
    template <typename T>
    using Atomic = std::atomic<T>;
    template <typename T>
    using Plain = T; // a variable that is not atomic

    /// Frees an object that was made with `new`.
    static void destroy(auto* object) noexcept { delete object; }

    static void full_fence() noexcept {
#if defined(__SANITIZE_THREAD__)
        constexpr bool watched = true;
#elif defined(__has_feature)
        constexpr bool watched = __has_feature(thread_sanitizer);
#else
        constexpr bool watched = false;
#endif
        if constexpr (watched) {
            // ThreadSanitizer does not support fences, and GCC warns of each. This exchange is a fence to the
            // processor, and adds no synchronisation in the sanitizer's view, since no other thread accesses `own`.
            std::atomic<int> own = 0;
            own.exchange(1, std::memory_order_seq_cst);
        } else {
            std::atomic_thread_fence(std::memory_order_seq_cst);
        }
    }
};

/// The distance between data that different threads write; a constant, since layouts must not depend on the compiler.
inline constexpr std::size_t cache_line = 64;

/// A Pushed is the result of push().
enum class Pushed : std::uint8_t {
    queued,
    conflated,    // the token was queued already
    wakes,        // queued, and the caller has to wake the consumer: no other thread does
    out_of_range, // the token is not below the capacity
    closed        // the consumer takes no more tokens
};

/// A SleepResult is the result of try_sleep().
enum class SleepResult : std::uint8_t {
    asleep,  // the consumer may sleep: the next push() returns `wakes`
    more,    // it may not: a token is queued, or about to be
    finished // it may not: all tokens are taken, and no producer is left
};

/// Throws std::length_error for a capacity that is too large. It is a function of the library, so that programs without
/// exceptions can include this header: for them the exception ends the process.
[[noreturn]] void throw_too_large();

/// A TokenRing is a queue of tokens below a capacity, each queued at most once, in the order in which they were queued:
/// from any number of producers to one consumer. Lock-free; docs/decisions/0017-notify-memory-order.md shows why no
/// token is lost.
///
///     queued_   one flag per token
///     slots_    the queue: token + 1, or 0; as long as there are tokens, so it is never full
///     tail_     the position behind the last claimed slot, and the flags `asleep` and `finished`
///     head_     the position of the next slot to take
template <typename Memory>
class TokenRing {
  public:
    static constexpr std::size_t most = std::size_t{1} << 28U;

    /// Returns `capacity`; throws std::length_error if it is more than `most`.
    static std::size_t checked(std::size_t capacity) {
        if (capacity > most) throw_too_large();
        return capacity;
    }

    /// `first` is the position at which the queue begins, for tests of positions that wrap.
    explicit TokenRing(std::size_t capacity, std::size_t first = 0)
        : capacity_(checked(capacity)),
          mask_(std::bit_ceil(capacity) - 1),
          queued_(std::make_unique<Atomic<bool>[]>(capacity)),
          slots_(std::make_unique<Atomic<std::uint32_t>[]>(mask_ + 1)),
          tail_(first * step),
          head_(first * step) {}

    std::size_t capacity() const noexcept { return capacity_; }

    // For producers: from any thread.

    Pushed push(Token token) noexcept {
        const auto value = static_cast<std::uint64_t>(token);
        if (value >= capacity_) return Pushed::out_of_range;
        if (closed_.load(std::memory_order_relaxed)) return Pushed::closed;
        auto& queued = queued_[value];
        do {
            if (queued.load(std::memory_order_relaxed)) {
                // A load is cheap, and leaves the flag in the caches of all producers. But only a flag that is still
                // set after a fence shows that the consumer, which clears it before a fence of its own, will see what
                // was written before this call.
                Memory::full_fence();
                if (queued.load(std::memory_order_relaxed)) return Pushed::conflated;
            }
        } while (queued.exchange(true, std::memory_order_acquire));
        const auto tail = tail_.fetch_add(step, std::memory_order_acq_rel);
        slots_[index(tail)].store(static_cast<std::uint32_t>(value + 1), std::memory_order_release);
        return (tail & asleep) == 0 ? Pushed::queued : claim_wakeup();
    }

    /// Returns a wakeup that the caller claimed by push() and that failed: the next push() returns `wakes`.
    void unclaim_wakeup() noexcept { tail_.fetch_or(asleep, std::memory_order_relaxed); }

    /// Declares that no push() will follow; returns true if the caller has to wake the consumer.
    bool finish() noexcept { return (tail_.fetch_or(finished, std::memory_order_release) & asleep) != 0; }

    // For the consumer: one thread at a time.

    /// Returns whether there is no token to take. A token that was just pushed may not be visible yet.
    bool is_empty() const noexcept { return slots_[index(head_)].load(std::memory_order_relaxed) == 0; }

    /// Moves tokens to the front of `tokens`, the oldest first, none twice; returns how many.
    std::size_t take(std::span<Token> tokens) noexcept {
        // Copies, so that the compiler need not load them again after each store.
        auto* const slots = slots_.get();
        auto* const queued = queued_.get();
        const auto mask = mask_;
        std::size_t count = 0;
        for (auto position = head_ / step; count < tokens.size(); ++count, ++position) {
            auto& slot = slots[position & mask];
            const auto entry = slot.load(std::memory_order_acquire);
            if (entry == 0) break;
            slot.store(0, std::memory_order_relaxed);
            tokens[count] = Token{entry - 1};
        }
        if (count == 0) return 0;
        // Only now: otherwise a token that is notified meanwhile could be delivered twice.
        for (const auto token : tokens.first(count)) {
            queued[static_cast<std::size_t>(token)].store(false, std::memory_order_release);
        }
        // The flags are cleared before the caller reads the data of the tokens.
        Memory::full_fence();
        head_ += count * step;
        return count;
    }

    /// Makes the next push() return `wakes`, if nothing is queued.
    SleepResult try_sleep() noexcept {
        auto tail = tail_.load(std::memory_order_acquire);
        if (tail == head_ && tail_.compare_exchange_strong(tail, head_ | asleep, std::memory_order_acquire)) {
            return SleepResult::asleep;
        }
        if (tail == (head_ | asleep)) return SleepResult::asleep;
        return (tail & ~asleep) == (head_ | finished) ? SleepResult::finished : SleepResult::more;
    }

    /// Returns whether all tokens are taken, and no push() will follow.
    bool is_finished() const noexcept {
        return (tail_.load(std::memory_order_acquire) & ~asleep) == (head_ | finished);
    }

    /// Reverts try_sleep(); a wakeup may be under way.
    void cancel_sleep() noexcept { tail_.fetch_and(~asleep, std::memory_order_relaxed); }

    /// Makes push() return `closed` from now on.
    void close() noexcept { closed_.store(true, std::memory_order_relaxed); }

  private:
    template <typename T>
    using Atomic = typename Memory::template Atomic<T>;

    static constexpr std::size_t asleep = 1, finished = 2, step = 4;
    std::size_t index(std::size_t position) const noexcept { return position / step & mask_; }

    Pushed claim_wakeup() noexcept {
        return (tail_.fetch_and(~asleep, std::memory_order_relaxed) & asleep) != 0 ? Pushed::wakes : Pushed::queued;
    }

    const std::size_t capacity_;
    const std::size_t mask_;
    const std::unique_ptr<Atomic<bool>[]> queued_;
    const std::unique_ptr<Atomic<std::uint32_t>[]> slots_;
    Atomic<bool> closed_ = false;
    alignas(cache_line) Atomic<std::size_t> tail_;
    alignas(cache_line) std::size_t head_;
};

} // namespace pollux::notify
