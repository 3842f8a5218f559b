// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <vector>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

/// The baseline: the published design that pollux/notify/notify.hpp replaces. One flag for each token, swapped with
/// acquire; Vyukov's bounded ring, where producers claim a cell by compare-and-swap, with one consumer; a flag for a
/// parked receiver, which parks after 127 pauses.
///
/// As published it loses updates and wake-ups, even on x86. `fenced` adds the two missing fences.
namespace pollux::bench {

template <bool fenced>
class PublishedQueue {
  public:
    static constexpr auto name = fenced ? "fenced" : "published";
    static constexpr bool names_tokens = true;

    explicit PublishedQueue(std::size_t capacity)
        : capacity_(capacity),
          size_(std::bit_ceil(capacity)),
          flags_(std::make_unique<std::atomic<bool>[]>(capacity)),
          cells_(std::make_unique<Cell[]>(size_)) {
        taken_.reserve(capacity);
        for (std::size_t i = 0; i < size_; ++i) cells_[i].sequence = i;
    }

    struct Notifier {
        PublishedQueue* queue;
        std::error_code notify(Token token) const noexcept { return queue->notify(token); }
    };
    Notifier notifier() noexcept { return {this}; }

    std::error_code notify(Token token) noexcept {
        const auto number = static_cast<std::size_t>(token);
        if (number >= capacity_) return std::make_error_code(std::errc::invalid_argument);
        if (flags_[number].exchange(true, std::memory_order_acquire)) return {};
        return push(number);
    }

    const std::vector<Token>& poll(std::size_t limit) {
        taken_.clear();
        for (std::size_t number = 0; taken_.size() < limit && pop(number);) {
            flags_[number].store(false, std::memory_order_release);
            taken_.push_back(Token{number});
        }
        if (fenced && !taken_.empty()) std::atomic_thread_fence(std::memory_order_seq_cst);
        return taken_;
    }

  private:
    struct Cell {
        std::atomic<std::size_t> sequence;
        std::size_t token;
    };

    std::error_code push(std::size_t number) noexcept {
        for (auto tail = tail_.load(std::memory_order_relaxed);;) {
            auto& cell = cells_[tail & (size_ - 1)];
            const auto sequence = cell.sequence.load(std::memory_order_acquire);
            if (sequence == tail) {
                if (!tail_.compare_exchange_weak(tail, tail + 1, std::memory_order_relaxed)) continue;
                cell.token = number;
                cell.sequence.store(tail + 1, std::memory_order_release);
                return {};
            }
            if (sequence < tail) return std::make_error_code(std::errc::no_buffer_space);
            tail = tail_.load(std::memory_order_relaxed);
        }
    }

    bool pop(std::size_t& number) noexcept {
        const auto head = head_.load(std::memory_order_relaxed);
        auto& cell = cells_[head & (size_ - 1)];
        if (cell.sequence.load(std::memory_order_acquire) != head + 1) return false;
        number = cell.token;
        cell.sequence.store(head + size_, std::memory_order_release);
        head_.store(head + 1, std::memory_order_release);
        return true;
    }

    static constexpr std::size_t cache_line = 64;

    const std::size_t capacity_, size_;
    const std::unique_ptr<std::atomic<bool>[]> flags_;
    const std::unique_ptr<Cell[]> cells_;
    std::vector<Token> taken_;
    alignas(cache_line) std::atomic<std::size_t> tail_ = 0;
    alignas(cache_line) std::atomic<std::size_t> head_ = 0;
};

/// A Parker lets a thread sleep until another thread unparks it, even if that has happened before.
class Parker {
  public:
    void park() noexcept {
        while (!permit_.exchange(0, std::memory_order_acquire))
            syscall(SYS_futex, &permit_, FUTEX_WAIT_PRIVATE, 0, nullptr);
    }
    void unpark() noexcept {
        if (!permit_.exchange(1, std::memory_order_release)) syscall(SYS_futex, &permit_, FUTEX_WAKE_PRIVATE, 1);
    }

  private:
    std::atomic<std::uint32_t> permit_ = 0;
};

template <bool fenced>
class PublishedChannel {
  public:
    static constexpr auto name = PublishedQueue<fenced>::name;
    static constexpr bool names_tokens = true;

    explicit PublishedChannel(std::size_t capacity) : queue_(capacity), capacity_(capacity) {}

    std::error_code notify(Token token) noexcept {
        const auto error = queue_.notify(token);
        if (fenced) std::atomic_thread_fence(std::memory_order_seq_cst);
        if (parked_.load(std::memory_order_acquire)) parker_.unpark();
        return error;
    }

    const std::vector<Token>& recv() {
        for (;;) {
            for (int pauses = 1; pauses <= 64; pauses *= 2) { // 127 in all
                if (const auto& tokens = queue_.poll(capacity_); !tokens.empty()) return tokens;
                for (int i = 0; i < pauses; ++i) pause();
            }
            parked_.store(true, fenced ? std::memory_order_seq_cst : std::memory_order_release);
            const auto& tokens = queue_.poll(capacity_);
            if (tokens.empty()) parker_.park();
            parked_.store(false, std::memory_order_release);
            if (!tokens.empty()) return tokens;
        }
    }

  private:
    static void pause() noexcept {
#if defined(__x86_64__)
        _mm_pause();
#endif
    }

    PublishedQueue<fenced> queue_;
    const std::size_t capacity_;
    Parker parker_;
    std::atomic<bool> parked_ = false;
};

} // namespace pollux::bench
