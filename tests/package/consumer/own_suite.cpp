// SPDX-License-Identifier: BSL-1.0
// The conformance suite on a factory of one's own.
#include <pollux/conformance/conformance.hpp>
#include <pollux/open.hpp>

int main(int argc, char** argv) {
    const auto backends = pollux::installed();
    if (backends.empty()) return 1;
    const auto first = backends.front();
    const auto open = [first](pollux::OpenFailure& failure) { return first.open(failure); };
    return pollux::conformance::run({{"mine", first.capabilities, open}}, argc, argv);
}
