// SPDX-License-Identifier: BSL-1.0
#include "../conformance/process.hpp"

#include <gtest/gtest.h>

int main(int argc, char** argv) {
    pollux::conformance::begin_process();
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
