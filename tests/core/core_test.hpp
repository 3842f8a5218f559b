// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../harness/pipe.hpp"

namespace pollux::core_tests {

using namespace harness;

} // namespace pollux::core_tests
