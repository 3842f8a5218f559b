// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux::io_uring {

/// The step "io_uring_setup" of an open() that failed for want of memory, with the limit that a user may have to raise
/// and its value. The text lives as long as the program.
///
/// Threads: any.
const char* step_without_memory() noexcept;

} // namespace pollux::io_uring
