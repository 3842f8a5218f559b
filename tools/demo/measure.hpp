// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "latencies.hpp"
#include "progress.hpp"

#include <pollux/open.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace pollux::tools {

/// A Measurement is the result for one backend.
struct Measurement {
    Choice choice;
    std::uint64_t connections = 0;
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
    std::uint64_t errors = 0;
    std::string first_error = {};
    std::chrono::nanoseconds time{0};
    Latencies latencies = {};
};

/// Runs an echo server and its clients, each in a thread and on a Poll of its own with the same backend, for `time` or
/// until an end is requested.
///
/// If select() of the backend never returns, its thread cannot be ended: the process then ends here, with a message and
/// status 1. Errors: OpenError; std::system_error
Measurement measure(const Request& request, std::size_t connections, std::chrono::seconds time, Progress& progress);

} // namespace pollux::tools
