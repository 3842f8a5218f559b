// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace pollux::failing_calls {

/// A Call is a system call of the libraries or of the loader, and the errors with which it may fail on a loaded system.
///
/// Errors that only a faulty program causes (EFAULT, EINVAL, EBADF of a descriptor that is open) are not in the list.
struct Call {
    int number;
    const char* name;
    std::span<const int> errors;
};

/// All supervised calls.
std::span<const Call> calls();
const Call* find_call(int number);

/// The name of an error, such as "ENOMEM".
std::string error_name(int error);

} // namespace pollux::failing_calls
