// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/loop/callback.hpp>

#include <cstdint>

namespace pollux::loop {

/// A ColdData holds the data of a timer that only firing needs: one cache line.
struct alignas(64) ColdData {
    std::uint64_t period = 0; // 0: none
    std::uint64_t missed = 0;
    Callback<void()> callback;
};

} // namespace pollux::loop
