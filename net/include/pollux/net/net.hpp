// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/net/address.hpp>
#include <pollux/net/tcp_listener.hpp>
#include <pollux/net/tcp_stream.hpp>
#include <pollux/net/udp_socket.hpp>
#ifndef _WIN32
#include <pollux/net/child_end.hpp>
#include <pollux/net/pipe.hpp>
#include <pollux/net/unix_address.hpp>
#include <pollux/net/unix_listener.hpp>
#include <pollux/net/unix_stream.hpp>
#endif

/// Non-blocking sockets and pipes: each object owns a Source, which a Poll or a Loop can watch. docs/net.md has an
/// example.
///
///     Poll ──Event──▶ program ──▶ read(), write(), accept() ──▶ done, would_block, ended or failed
///
/// The library registers, buffers and retries nothing: a call is a system call, whose result is returned, with the
/// names of std::errc on every system.
namespace pollux::net {}
