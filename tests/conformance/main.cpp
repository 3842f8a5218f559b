// SPDX-License-Identifier: BSL-1.0
#include "../../tools/standard_streams.hpp"

#include <pollux/conformance/conformance.hpp>

int main(int argc, char** argv) {
    pollux::tools::occupy_standard_streams();
    return pollux::tools::finish_output("pollux-conformance", pollux::conformance::run_backends(argc, argv));
}
