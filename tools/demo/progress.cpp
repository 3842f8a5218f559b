// SPDX-License-Identifier: BSL-1.0
#include "progress.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

namespace pollux::tools {

namespace {

/// Returns whether a line on the standard error stream can be rewritten.
bool is_capable() {
    const char* const terminal = std::getenv("TERM"); // NOLINT(concurrency-mt-unsafe): there is no other thread yet
    return isatty(STDERR_FILENO) == 1 && !(terminal && std::string_view(terminal) == "dumb");
}

} // namespace

Progress::Progress() : is_terminal_(is_capable()) {}

void Progress::show(const std::string& line) {
    // The escape sequence clears the rest of a longer line.
    std::fprintf(stderr, is_terminal_ ? "\r%s\x1b[K" : "%s\n", line.c_str());
    std::fflush(stderr);
    is_shown_ = true;
}

void Progress::clear() noexcept {
    if (is_terminal_ && is_shown_) std::fputs("\r\x1b[K", stderr);
    is_shown_ = false;
}

} // namespace pollux::tools
