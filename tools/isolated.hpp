// SPDX-License-Identifier: BSL-1.0
// POSIX only.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace pollux::tools {

/// An Answer is the result of a function that ran in a child process.
struct Answer {
    std::string bytes; // the bytes that it sent, in order
    std::string end;   // how the process ended, such as "ended by SIGBUS"; empty if it reached the time limit
};

/// The time limit of run_isolated().
inline constexpr std::chrono::seconds isolation_limit(10);

/// Runs a function in a child process, for isolation_limit at most, and ends that process afterwards. The function may
/// send bytes at any time; its standard output is lost.
///
/// The caller must have one thread.
/// Errors: std::system_error if fork(2) or pipe(2) fails.
Answer run_isolated(const std::function<void(const std::function<void(std::string_view)>& send)>& function);

} // namespace pollux::tools
