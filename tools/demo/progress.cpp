// SPDX-License-Identifier: BSL-1.0
#include "progress.hpp"

#include "user_environment.hpp"

#include <cstdio>

#include <unistd.h>

namespace pollux::tools {

Progress::Progress() : is_terminal_(isatty(STDERR_FILENO) == 1 && !is_dumb()) {}

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
