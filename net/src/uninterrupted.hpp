// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>

namespace pollux::net::system {

/// Repeats `call` as long as a signal interrupts it.
auto uninterrupted(auto call) noexcept {
    for (;;) {
        const auto result = call();
        if (result != -1 || errno != EINTR) return result;
    }
}

} // namespace pollux::net::system
