// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cstdint>

namespace pollux::loop {

/// A LingeringDetector detects a token that a backend reports in each call although its watch has ended, which keeps a
/// Loop from sleeping. epoll(7) does so for a file descriptor that was closed while registered if a duplicate keeps its
/// file open, and nothing can remove it.
///
/// It counts calls and reads no clock.
class LingeringDetector {
  public:
    /// The number of calls in a row that report a token before it counts as lingering.
    static constexpr std::uint64_t limit = 8;

    /// Notes an event of an ended watch, which the call `poll` returned. Returns true for the call that reaches the
    /// limit.
    bool note(Token token, std::uint64_t poll) noexcept {
        if (count_ == 0 || poll > poll_ + 1) { // one token is followed at a time, until a call does not report it
            token_ = token;
            count_ = 0;
        } else if (token != token_ || poll == poll_) {
            return false;
        }
        poll_ = poll;
        return ++count_ == limit;
    }

    void clear() noexcept { count_ = 0; }

  private:
    Token token_{};
    std::uint64_t poll_ = 0;
    std::uint64_t count_ = 0;
};

} // namespace pollux::loop
