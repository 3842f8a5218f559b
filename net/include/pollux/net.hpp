// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/address.hpp>
#include <pollux/tcp_listener.hpp>
#include <pollux/tcp_stream.hpp>
#include <pollux/udp_socket.hpp>
#ifndef _WIN32
#include <pollux/child_end.hpp>
#include <pollux/pipe.hpp>
#include <pollux/unix_address.hpp>
#include <pollux/unix_listener.hpp>
#include <pollux/unix_stream.hpp>
#endif

/// Sockets and pipes for programs that wait in one place: each object owns a Source, no call of it waits, and what it
/// owns can be watched by a Poll. docs/net.md has an example.
///
///     Poll ──Event──▶ program ──▶ read(), write(), accept() ──▶ done, would_block, ended or failed
///
/// Nothing is registered, buffered or retried behind your back: a call is a system call, and what it says is handed on,
/// with the names of std::errc on every system.
namespace pollux {}
