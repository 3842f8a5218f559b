// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace pollux::trace {

/// A Line is one line of a trace, in a buffer of its own: no call allocates, and what does not fit is left out.
class Line {
  public:
    Line& operator<<(std::string_view text) noexcept;
    Line& operator<<(long long number) noexcept;
    Line& operator<<(Token token) noexcept; // "wake", or its number
    Line& operator<<(Ready ready) noexcept; // "readable|closed"
    Line& operator<<(Mode mode) noexcept;
    Line& operator<<(const Timeout& timeout) noexcept;       // "forever", or in nanoseconds
    Line& operator<<(const std::error_code& error) noexcept; // "ok", or its number and text

    /// Returns the text with a line feed at its end. Nothing may be added afterwards.
    std::string_view end() noexcept;

  private:
    std::array<char, 1024> text_;
    std::size_t size_ = 0;
};

} // namespace pollux::trace
