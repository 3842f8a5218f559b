// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../sources.hpp"

#include <cstddef>

/// Waits of 5 s at most for what the kernel does a moment after a call has returned; false if it does not.
namespace pollux::conformance::model {

/// Waits until the source has one of the events, or an error or a hang-up.
bool await(Source source, short events);
/// Waits for the listener to have this many connections.
bool await_connections(Source listener, std::size_t count);
/// Waits for this many bytes.
bool await_bytes(Source source, std::size_t count, bool is_terminal);

} // namespace pollux::conformance::model
