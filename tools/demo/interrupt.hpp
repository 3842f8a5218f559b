// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux::tools {

/// From now on Ctrl-C, or SIGTERM, asks for an end instead of forcing it; a second one forces it.
void expect_interrupt();

/// Whether the end was asked for.
bool was_interrupted() noexcept;

} // namespace pollux::tools
