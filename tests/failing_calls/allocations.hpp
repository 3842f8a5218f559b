// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace pollux::failing_calls {

/// Controls the program's malloc(3) and operator new, from the next call on.
struct Allocations {
    /// Counts allocations of all threads from 0; the one with this index fails, and, if `persists`, all later ones.
    static void begin(std::size_t failing = ~std::size_t{0}, bool persists = false);
    /// Ends the failures; returns the number of allocations.
    static std::size_t end();
};

} // namespace pollux::failing_calls
