// SPDX-License-Identifier: BSL-1.0
#include "environment.hpp"

#include <cstdlib>

#if defined(__linux__)
#include <sys/auxv.h>
#endif
#ifndef _WIN32
#include <unistd.h>
#endif

namespace pollux {
namespace {

/// Returns whether the process has more privileges than the user who started it.
bool is_privileged() {
#if defined(__linux__)
    return getauxval(AT_SECURE) != 0;
#elif defined(_WIN32)
    return false; // elevation is not inherited through a file there
#else
    return issetugid() != 0;
#endif
}

std::string variable(const char* name) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): open.hpp asks for no setenv beside it
    return value ? value : "";
}

} // namespace

Environment Environment::of_process() {
    if (is_privileged()) return {.privileged = true};
    return {.backend = variable("POLLUX_BACKEND"),
            .layers = variable("POLLUX_LAYERS"),
            .plugin_path = variable("POLLUX_PLUGIN_PATH")};
}

} // namespace pollux
