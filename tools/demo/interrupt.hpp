// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux::tools {

/// Makes Ctrl-C, or SIGTERM, request an end instead of forcing it; a second one forces it.
void handle_interrupts();

/// Whether an end was requested.
bool was_interrupted() noexcept;

} // namespace pollux::tools
