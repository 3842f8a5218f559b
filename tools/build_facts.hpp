// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

/// Returns the compiler that builds the including file, with its version.
inline std::string compiler() {
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "GCC " __VERSION__;
#else
    return "unknown";
#endif
}

/// Returns the C++ standard library, with its version.
inline std::string standard_library() {
#if defined(_LIBCPP_VERSION)
    return "libc++ " + std::to_string(_LIBCPP_VERSION);
#elif defined(_GLIBCXX_RELEASE)
    return "libstdc++ " + std::to_string(_GLIBCXX_RELEASE);
#else
    return "unknown";
#endif
}

} // namespace pollux::tools
