// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../conformance/sources.hpp"
#include "backends.hpp"

#include <pollux/poll.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <system_error>
#include <vector>

namespace pollux::harness {

using namespace std::chrono_literals;

/// How long a test waits for an expected event: no machine is that slow.
inline constexpr std::chrono::nanoseconds patience = 5s;

inline const std::error_code canceled = make_error_code(std::errc::operation_canceled);

inline Poll poll_with(const std::string& backend) {
    return Poll(Request{.backend = backend, .folders = {folder_of_plugins()}});
}

/// A pipe, or a pair of sockets if pipes cannot be watched; the test makes it ready.
class Pipe {
  public:
    Source reader() const noexcept { return ends_.near; }
    Source writer() const noexcept { return ends_.far; }
    void write() const { EXPECT_EQ(conformance::write(ends_.far, "x").bytes, 1U); }

  private:
#ifdef _WIN32
    conformance::Pair ends_ = conformance::make_pair(conformance::Kind::local);
#else
    conformance::Pair ends_ = conformance::make_pair(conformance::Kind::pipe);
#endif
};

} // namespace pollux::harness
