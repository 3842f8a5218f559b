// SPDX-License-Identifier: BSL-1.0
// Tests that concern io_uring only: results of the kernel that other backends do not depend on.
#include "io_uring_test.hpp"

#include <gtest/gtest.h>

namespace pollux::io_uring_tests {

std::string backend = "io_uring";

} // namespace pollux::io_uring_tests

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (argc > 1) pollux::io_uring_tests::backend = argv[1];
    return RUN_ALL_TESTS();
}
