// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux::io_uring {

/// Returns the step "io_uring_setup" for an open() that failed because memory is short, with the limit that a user may
/// have to raise and its value. The text lives as long as the program.
///
/// Threads: any.
const char* step_without_memory() noexcept;

} // namespace pollux::io_uring
