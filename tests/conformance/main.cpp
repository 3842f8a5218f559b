// SPDX-License-Identifier: BSL-1.0
#include <pollux/conformance.hpp>

int main(int argc, char** argv) { return pollux::conformance::run_backends(argc, argv); }
