// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "system.hpp"

/// What any socket is made and asked with.
namespace pollux::system {

std::error_code set_option(Source socket, int level, int option, int value) noexcept;
int option(Source socket, int level, int option, std::error_code& error) noexcept;
/// The error that waits in a socket, which this takes out.
std::error_code take_error(Source socket) noexcept;

/// What a socket has to be that is adopted.
enum class Role {
    stream,    ///< connected or connecting
    listener,  ///< listening
    datagrams, ///< bound or not, connected or not
};
enum class Domain { internet, local };
/// Checks a socket that was not opened here, and makes of it what open() makes. A socket that is refused is unchanged.
std::error_code adopt(Source socket, Domain domain, Role role) noexcept;

struct Binding {
    bool reuse_address;
    bool reuse_port;
    bool only_ipv6;
};
/// A socket that is bound; none on failure.
Source open_bound(const Address& at, int type, const Binding& binding, std::error_code& error) noexcept;

} // namespace pollux::system
