// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/poll.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace pollux::core_tests {

using namespace std::chrono_literals;

/// How long a test waits for what must come: no machine is that slow.
inline constexpr std::chrono::nanoseconds patience = 5s;

inline const std::error_code canceled = make_error_code(std::errc::operation_canceled);

/// The backends that were built here.
inline std::vector<std::string> backends() {
    std::vector<std::string> all(1);
    for (const char c : std::string(BACKENDS)) {
        if (c == ',') {
            all.emplace_back();
        } else {
            all.back() += c;
        }
    }
    return all;
}

inline Poll poll_with(const std::string& backend) { return Poll(Request{.backend = backend, .folders = {PLUGINS}}); }

/// A pipe: a source that is ready when the test says so.
class Pipe {
  public:
    Pipe() {
        if (pipe(ends_.data()) == -1) throw std::system_error(errno, std::system_category(), "pipe");
    }
    ~Pipe() {
        for (const int end : ends_) close(end);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    int reader() const noexcept { return ends_[0]; }
    int writer() const noexcept { return ends_[1]; }
    void write() const { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }

  private:
    std::array<int, 2> ends_{};
};

} // namespace pollux::core_tests
