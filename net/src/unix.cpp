// SPDX-License-Identifier: BSL-1.0
#include <pollux/net/unix_listener.hpp>

#include "socket.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <sys/un.h>

namespace pollux::net {

namespace {

// Leaves room for the zero that ends a path: Linux accepts a path without one, and then returns an address that is
// longer than sockaddr_un, see unix(7).
constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;

system::SocketAddress to_system(const UnixAddress& address) noexcept {
    sockaddr_un made{};
    made.sun_family = AF_UNIX;
    const auto bytes = address.bytes();
    bytes.copy(made.sun_path, sizeof made.sun_path);
    // A path ends with a zero; the length of an abstract name is that of the address.
    const auto length = bytes.size() + (address.is_abstract() ? 0 : 1);
    return {made, offsetof(sockaddr_un, sun_path) + length};
}

/// Reads an address that the system returned: its length may include the zero that ends a path, and it may have no
/// path.
std::string_view path_of(const system::SocketAddress& address, sockaddr_un& copy) noexcept {
    constexpr auto start = offsetof(sockaddr_un, sun_path);
    std::memcpy(&copy, address.data(), sizeof copy);
    const auto length = std::min<std::size_t>(address.length(), sizeof copy);
    if (address.family() != AF_UNIX || length <= start) return {};
    const std::string_view bytes(copy.sun_path, length - start);
    if (bytes[0] != '\0') return bytes.substr(0, bytes.find('\0'));
#ifdef __linux__
    return bytes; // abstract
#else
    return {};
#endif
}

} // namespace

UnixAddress UnixAddress::from(std::string_view bytes) noexcept {
    UnixAddress made;
    made.length_ = bytes.copy(made.bytes_.data(), made.bytes_.size());
    return made;
}

UnixAddress UnixAddress::path(std::string_view path, std::error_code& error) noexcept {
    error.clear();
    if (path.empty() || path.find('\0') != path.npos) error = make_error_code(std::errc::invalid_argument);
    if (path.size() > longest) error = make_error_code(std::errc::filename_too_long);
    return error ? UnixAddress() : from(path);
}

UnixAddress UnixAddress::abstract_name(std::string_view name, std::error_code& error) noexcept {
#ifdef __linux__
    error.clear();
    if (name.empty()) error = make_error_code(std::errc::invalid_argument);
    if (name.size() > longest) error = make_error_code(std::errc::filename_too_long);
    if (error) return {};
    UnixAddress made;
    made.length_ = 1 + name.copy(made.bytes_.data() + 1, longest);
    return made;
#else
    static_cast<void>(name);
    error = make_error_code(std::errc::operation_not_supported);
    return {};
#endif
}

std::string UnixAddress::to_string() const {
    std::string text(bytes());
    if (is_abstract()) text[0] = '@';
    return text;
}

UnixStream UnixStream::connect(const UnixAddress& to, std::error_code& error) noexcept {
    UnixStream made(system::open(AF_UNIX, SOCK_STREAM, error));
    if (!error) error = system::connect(made.native_handle(), to_system(to));
    if (error) made.close();
    return made;
}

UnixPair UnixStream::pair(std::error_code& error) noexcept {
    Source ends[2];
    error = system::open_pair(ends, system::Blocking::no);
    return {UnixStream(ends[0]), UnixStream(ends[1])};
}

UnixChildPair UnixStream::pair_with_child(std::error_code& error) noexcept {
    Source ends[2];
    error = system::open_pair(ends, system::Blocking::yes);
    if (!error) error = system::prepare_socket(ends[0]);
    UnixChildPair made{UnixStream(ends[0]), ChildEnd(ends[1])};
    if (error) return {};
    return made;
}

UnixStream UnixStream::adopt(Source source, std::error_code& error) noexcept {
    error = system::adopt(source, system::Domain::local, system::Role::stream);
    return error ? UnixStream() : UnixStream(source);
}

UnixAddress UnixStream::local_address(std::error_code& error) const noexcept {
    sockaddr_un copy{};
    return UnixAddress::from(path_of(system::local_address(native_handle(), error), copy));
}

UnixAddress UnixStream::peer_address(std::error_code& error) const noexcept {
    sockaddr_un copy{};
    return UnixAddress::from(path_of(system::peer_address(native_handle(), error), copy));
}

UnixListener UnixListener::listen(const UnixAddress& at, int backlog, std::error_code& error) noexcept {
    if (at.is_unnamed() || backlog < 0) {
        error = make_error_code(std::errc::invalid_argument);
        return {};
    }
    UnixListener made(system::open(AF_UNIX, SOCK_STREAM, error));
    const auto address = to_system(at);
    if (!error) error = system::error_after(::bind(made.native_handle(), address.data(), address.length()));
    if (!error) error = system::error_after(::listen(made.native_handle(), backlog));
    if (error) made.close();
    return made;
}

UnixListener UnixListener::adopt(Source source, std::error_code& error) noexcept {
    error = system::adopt(source, system::Domain::local, system::Role::listener);
    return error ? UnixListener() : UnixListener(source);
}

UnixListener::Accepted UnixListener::accept() noexcept {
    system::SocketAddress peer;
    IoResult result;
    const auto source = system::accept(native_handle(), peer, result);
    if (!result.is_done()) return {result, {}, {}};
    sockaddr_un copy{};
    return {result, UnixStream(source), UnixAddress::from(path_of(peer, copy))};
}

UnixAddress UnixListener::local_address(std::error_code& error) const noexcept {
    sockaddr_un copy{};
    return UnixAddress::from(path_of(system::local_address(native_handle(), error), copy));
}

} // namespace pollux::net
