// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace pollux::notify {

/// The error of notify() after the Poller or Receiver was destroyed, and of recv() after the last Sender was.
inline constexpr std::errc disconnected = std::errc::broken_pipe;

/// The result of a call that succeeds. The constructor of std::error_code calls the standard library for its category
/// each time, which takes longer than the rest of a notify() on a lane.
inline const std::error_code no_error;

/// The `limit` of a call that returns as many tokens as its Tokens object has room for.
inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// A Tokens object holds the tokens that one poll() or recv() returned. Use one object for many calls: only its
/// constructor allocates.
class Tokens {
  public:
    /// Makes room for `capacity` tokens; a call leaves further ones in the queue.       [notify.limit]
    explicit Tokens(std::size_t capacity = 256) : buffer_(capacity) {}

    Tokens(Tokens&& other) noexcept : buffer_(std::move(other.buffer_)), size_(std::exchange(other.size_, 0)) {}
    Tokens& operator=(Tokens&& other) noexcept {
        buffer_ = std::move(other.buffer_);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }

    const Token* begin() const noexcept { return buffer_.data(); }
    const Token* end() const noexcept { return buffer_.data() + size_; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    Token operator[](std::size_t index) const noexcept { return buffer_[index]; }

  private:
    friend class Poller;
    friend class LanePoller;
    friend class Receiver;

    std::span<Token> room(std::size_t limit) noexcept { return {buffer_.data(), std::min(limit, buffer_.size())}; }

    std::vector<Token> buffer_;
    std::size_t size_ = 0;
};

} // namespace pollux::notify
