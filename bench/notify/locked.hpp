// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <system_error>
#include <vector>

namespace pollux::bench {

/// A contender with the obvious design: a mutex, a vector, a flag for each token, and a condition variable for waiting.
class LockedQueue {
  public:
    static constexpr auto name = "mutex";
    static constexpr bool names_tokens = true;

    explicit LockedQueue(std::size_t capacity) : flags_(capacity) {
        queued_.reserve(capacity);
        taken_.reserve(capacity);
    }

    struct Notifier {
        LockedQueue* queue;
        std::error_code notify(Token token) const { return queue->notify(token); }
    };
    Notifier notifier() noexcept { return {this}; }

    std::error_code notify(Token token) {
        const auto number = static_cast<std::size_t>(token);
        if (number >= flags_.size()) return std::make_error_code(std::errc::invalid_argument);
        const std::lock_guard lock(mutex_);
        if (flags_[number]) return {};
        flags_[number] = 1;
        queued_.push_back(token);
        if (is_waiting_) not_empty_.notify_one();
        return {};
    }

    const std::vector<Token>& poll(std::size_t limit) {
        const std::lock_guard lock(mutex_);
        return take(limit);
    }

    const std::vector<Token>& recv() {
        std::unique_lock lock(mutex_);
        is_waiting_ = true;
        not_empty_.wait(lock, [this] { return !queued_.empty(); });
        is_waiting_ = false;
        return take(flags_.size());
    }

  private:
    const std::vector<Token>& take(std::size_t limit) {
        const auto end = queued_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, queued_.size()));
        taken_.assign(queued_.begin(), end);
        queued_.erase(queued_.begin(), end);
        for (const auto token : taken_) flags_[static_cast<std::size_t>(token)] = 0;
        return taken_;
    }

    std::mutex mutex_;
    std::condition_variable not_empty_;
    bool is_waiting_ = false;
    std::vector<char> flags_;
    std::vector<Token> queued_;
    std::vector<Token> taken_;
};

} // namespace pollux::bench
