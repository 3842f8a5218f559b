// SPDX-License-Identifier: BSL-1.0
// The version in the header is that of the package; and all of the core comes with one header.
#include <pollux/pollux.hpp>

#include <cstdio>
#include <string_view>

int main() {
    static_assert(POLLUX_VERSION == EXPECTED);
    static_assert(std::string_view(POLLUX_VERSION_STRING) == EXPECTED_STRING);
    const pollux::Poll poll;
    std::printf("%s of %zu\n", poll.choice().stack().c_str(), pollux::installed().size());
}
