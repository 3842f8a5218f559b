// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "sources.hpp"

/// Sources that make() needs several calls for. Errors: std::system_error.
namespace pollux::conformance::model {

TestSource terminal_pair(bool is_slave);
/// The FIFO has a name only until both ends are open.
TestSource fifo_pair(bool is_writer);
TestSource epoll_source();
TestSource unix_listener_source();
/// Adds a client to the queue of the listener; returns whether that succeeded.
bool connect_unix_client(TestSource& made, Source listener);

} // namespace pollux::conformance::model
