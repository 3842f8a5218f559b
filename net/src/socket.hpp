// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "system.hpp"

/// Functions that open, check and configure sockets of any kind.
namespace pollux::net::system {

std::error_code set_option(Source socket, int level, int option, int value) noexcept;
int option(Source socket, int level, int option, std::error_code& error) noexcept;
/// Returns the pending error of a socket (SO_ERROR) and clears it.
std::error_code take_error(Source socket) noexcept;

/// A Role is the state that adopt() requires of a socket.
enum class Role {
    stream,    ///< connected or connecting
    listener,  ///< listening
    datagrams, ///< bound or not, connected or not
};
/// A Domain is the kind of addresses that a socket has.
enum class Domain { internet, local };
/// Checks a socket that this library did not open, and gives it the properties that open() gives. A socket that is
/// refused is unchanged.
std::error_code adopt(Source socket, Domain domain, Role role) noexcept;

/// A Binding holds the options that are set before bind().
struct Binding {
    bool reuse_address;
    bool reuse_port;
    bool only_ipv6;
};
/// Opens a socket and binds it; returns OwnedSource::none on failure.
Source open_bound(const Address& at, int type, const Binding& binding, std::error_code& error) noexcept;

} // namespace pollux::net::system
