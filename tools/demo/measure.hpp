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

/// What came of one backend.
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

/// Runs an echo server and its clients, each in a thread and on a Poll of its own over the same backend; until `time`
/// is over or the end is asked for.
///
/// A backend whose select() never returns cannot be left alone: then the process ends here, with a message and
/// status 1. Errors: OpenError; std::system_error
Measurement measure(const Request& request, std::size_t connections, std::chrono::seconds time, Progress& progress);

} // namespace pollux::tools
