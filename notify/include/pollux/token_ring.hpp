// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>

/// What the queues of notify.hpp are made of: not for programs.
namespace pollux {

/// The memory that programs run on. The model test puts another in its place, which tries every outcome that C++
/// allows.
struct RealMemory {
    template <typename T>
    using Atomic = std::atomic<T>;

    static void full_fence() noexcept {
#if defined(__SANITIZE_THREAD__)
        constexpr bool watched = true;
#elif defined(__has_feature)
        constexpr bool watched = __has_feature(thread_sanitizer);
#else
        constexpr bool watched = false;
#endif
        if constexpr (watched) {
            // ThreadSanitizer knows no fences, and GCC warns of each. This one is a fence to the processor, and tells
            // the sanitizer no more than a fence would: it orders, but synchronises with nobody.
            std::atomic<int> own = 0;
            own.exchange(1, std::memory_order_seq_cst);
        } else {
            std::atomic_thread_fence(std::memory_order_seq_cst);
        }
    }
};

/// What different threads write is this far apart; a constant, since layouts must not depend on who compiles.
inline constexpr std::size_t cache_line = 64;

/// What became of a notification.
enum class Pushed : std::uint8_t {
    queued,
    conflated,    // it was queued already
    wakes,        // queued, and the caller has to wake the consumer: nobody else does
    out_of_range, // no such token
    closed        // nobody will take it
};

/// What a consumer that wants to sleep is told.
enum class Rest : std::uint8_t {
    asleep,  // sleep: the next push() answers `wakes`
    more,    // do not: something is queued, or about to be
    finished // do not: all is taken, and no producer is left
};

/// Tokens below a capacity, each queued at most once, in the order in which they were queued: by any number of
/// producers, for one consumer. Nobody waits for anybody; docs/decisions/0017-notify-memory-order.md says why nothing
/// is lost.
///
///     queued_   one flag per token
///     slots_    the queue: token + 1, or 0; as long as there are tokens, so it is never full
///     tail_     the position behind the last claimed slot, and the flags `asleep` and `finished`
///     head_     the position of the next slot to take
template <typename Memory>
class TokenRing {
  public:
    static constexpr std::size_t most = std::size_t{1} << 28U;

    /// The capacity; throws std::length_error if it is more than that.
    static std::size_t checked(std::size_t capacity) {
        if (capacity > most) throw std::length_error("pollux: expected a capacity of at most 2^28 tokens");
        return capacity;
    }

    /// `first` is the position to begin at: for tests of what happens when positions wrap.
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
        const auto number = static_cast<std::uint64_t>(token);
        if (number >= capacity_) return Pushed::out_of_range;
        if (closed_.load(std::memory_order_relaxed)) return Pushed::closed;
        auto& queued = queued_[number];
        do {
            if (queued.load(std::memory_order_relaxed)) {
                // Looking is cheap, and leaves the flag in the caches of all who look. But only a flag that is still
                // set behind a fence tells that the consumer, who clears it and has a fence, too, will see what
                // was written before this call.
                Memory::full_fence();
                if (queued.load(std::memory_order_relaxed)) return Pushed::conflated;
            }
        } while (queued.exchange(true, std::memory_order_acquire));
        const auto tail = tail_.fetch_add(step, std::memory_order_acq_rel);
        slots_[index(tail)].store(static_cast<std::uint32_t>(number + 1), std::memory_order_release);
        return (tail & asleep) == 0 ? Pushed::queued : rouse();
    }

    /// Takes back that the consumer was woken: that failed, and the next push() has to do it.
    void keep_asleep() noexcept { tail_.fetch_or(asleep, std::memory_order_relaxed); }

    /// No push() will follow; true if the caller has to wake the consumer.
    bool finish() noexcept { return (tail_.fetch_or(finished, std::memory_order_release) & asleep) != 0; }

    // For the consumer: one thread at a time.

    /// Nothing is there to take; what was pushed long ago is.
    bool is_empty() const noexcept { return slots_[index(head_)].load(std::memory_order_relaxed) == 0; }

    /// Fills `tokens` from its front, the oldest first, none twice; returns how many.
    std::size_t take(std::span<Token> tokens) noexcept {
        // Copies, which the compiler need not read again after each store.
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
        // Only now, or a token that is notified meanwhile could come twice.
        for (const auto token : tokens.first(count)) {
            queued[static_cast<std::size_t>(token)].store(false, std::memory_order_release);
        }
        // The flags are cleared before anything that the caller reads now.
        Memory::full_fence();
        head_ += count * step;
        return count;
    }

    /// Asks for a wake by the next push(), if nothing is queued.
    Rest try_sleep() noexcept {
        auto tail = tail_.load(std::memory_order_acquire);
        if (tail == head_ && tail_.compare_exchange_strong(tail, head_ | asleep, std::memory_order_acquire)) {
            return Rest::asleep;
        }
        if (tail == (head_ | asleep)) return Rest::asleep;
        return (tail & ~asleep) == (head_ | finished) ? Rest::finished : Rest::more;
    }

    /// All is taken, and no push() will follow.
    bool is_finished() const noexcept {
        return (tail_.load(std::memory_order_acquire) & ~asleep) == (head_ | finished);
    }

    /// No longer asks for a wake; one may be under way.
    void rise() noexcept { tail_.fetch_and(~asleep, std::memory_order_relaxed); }

    /// From now on push() answers `closed`.
    void close() noexcept { closed_.store(true, std::memory_order_relaxed); }

  private:
    template <typename T>
    using Atomic = typename Memory::template Atomic<T>;

    static constexpr std::size_t asleep = 1, finished = 2, step = 4;
    std::size_t index(std::size_t position) const noexcept { return position / step & mask_; }

    Pushed rouse() noexcept {
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

} // namespace pollux
