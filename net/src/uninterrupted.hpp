// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>

namespace pollux::system {

/// Calls again what a signal has interrupted.
auto uninterrupted(auto call) noexcept {
    for (;;) {
        const auto result = call();
        if (result != -1 || errno != EINTR) return result;
    }
}

} // namespace pollux::system
