// SPDX-License-Identifier: BSL-1.0
#include "conformance.hpp"

#include <pollux/conformance/conformance.hpp>

namespace pollux::tools {

const bool has_conformance = true;

int conformance(int argc, char** argv) {
    static char name[] = "pollux conformance"; // the name of the program in its messages
    argv[0] = name;
    return pollux::conformance::run_backends(argc, argv);
}

} // namespace pollux::tools
