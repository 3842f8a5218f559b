// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "queue.hpp"

namespace kqueue_on_linux {

/// The kqueue of a descriptor of this process; null if the descriptor is not one.
std::shared_ptr<Queue> queue_of(int descriptor);

} // namespace kqueue_on_linux
