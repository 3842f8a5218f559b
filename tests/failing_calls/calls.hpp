// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace pollux::failing_calls {

/// A system call that the libraries or the loader make, and the errors with which it fails on a system in trouble.
///
/// Errors that only a faulty program causes (EFAULT, EINVAL, EBADF of a descriptor that is open) are not in the list.
struct Call {
    int number;
    const char* name;
    std::span<const int> errors;
};

/// All calls that are supervised.
std::span<const Call> calls();
const Call* find_call(int number);

/// "ENOMEM"
std::string error_name(int error);

} // namespace pollux::failing_calls
