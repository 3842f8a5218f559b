// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>

namespace pollux::io_uring_tests {

/// Runs a function in a forked child, so that it may restrict system calls, descriptors and privileges of its process.
/// Returns the fault that the function returned, empty for none, or how the child ended otherwise: a child that has not
/// ended after half a minute is killed, and reported as hanging.
std::string fault_in_child(const std::function<std::string()>& body);

} // namespace pollux::io_uring_tests
