// SPDX-License-Identifier: BSL-1.0
#include "conformance.hpp"

#include <cstdio>

namespace pollux::tools {

const bool has_conformance = false;

int conformance(int, char**) {
    std::fputs("pollux: built without the conformance suite: expected a build with POLLUX_BUILD_CONFORMANCE\n", stderr);
    return 1;
}

} // namespace pollux::tools
