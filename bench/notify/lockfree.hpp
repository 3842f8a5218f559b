// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <system_error>
#include <vector>

#include <boost/lockfree/queue.hpp>

namespace pollux::bench {

/// A contender with available parts: boost::lockfree::queue, and a flag for each token, with the fence that the flags
/// need.
class LockfreeQueue {
  public:
    static constexpr auto name = "lockfree";
    static constexpr bool names_tokens = true;

    explicit LockfreeQueue(std::size_t capacity)
        : flags_(std::make_unique<std::atomic<bool>[]>(capacity)), queued_(capacity), capacity_(capacity) {
        taken_.reserve(capacity);
    }

    struct Notifier {
        LockfreeQueue* queue;
        std::error_code notify(Token token) const { return queue->notify(token); }
    };
    Notifier notifier() noexcept { return {this}; }

    std::error_code notify(Token token) {
        const auto number = static_cast<std::size_t>(token);
        if (number >= capacity_) return std::make_error_code(std::errc::invalid_argument);
        if (flags_[number].exchange(true, std::memory_order_acq_rel)) return {};
        queued_.bounded_push(number);
        return {};
    }

    const std::vector<Token>& poll(std::size_t limit) {
        taken_.clear();
        for (std::size_t number = 0; taken_.size() < limit && queued_.pop(number);) {
            flags_[number].store(false, std::memory_order_release);
            taken_.push_back(Token{number});
        }
        if (!taken_.empty()) std::atomic_thread_fence(std::memory_order_seq_cst);
        return taken_;
    }

  private:
    const std::unique_ptr<std::atomic<bool>[]> flags_;
    boost::lockfree::queue<std::size_t> queued_;
    const std::size_t capacity_;
    std::vector<Token> taken_;
};

} // namespace pollux::bench
