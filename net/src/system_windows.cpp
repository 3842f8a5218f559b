// SPDX-License-Identifier: BSL-1.0
#include "socket.hpp"

#include <windows.h>

namespace pollux::net::system {

namespace {

/// Starts Winsock, once for the process. It is not cleaned up, since static objects may close sockets at the very end.
std::error_code start() noexcept {
    static const int result = [] {
        WSADATA data;
        return WSAStartup(MAKEWORD(2, 2), &data);
    }();
    return error_of(result);
}

Transfer transferred(int result, DWORD bytes) noexcept {
    if (result == SOCKET_ERROR) return {last_result(), 0};
    return {{}, bytes};
}

/// Renames the error by which Windows reports that a datagram was refused: recvfrom(), WSAECONNRESET.
void name_refusal(IoResult& result) noexcept {
    if (result.error == std::errc::connection_reset) result.error = make_error_code(std::errc::connection_refused);
}

DWORD count_of(std::span<Slice> slices) noexcept { return static_cast<DWORD>(slices.size()); }

} // namespace

Slice slice(std::byte* bytes, std::size_t size) noexcept {
    return {static_cast<ULONG>(size), reinterpret_cast<char*>(bytes)};
}

std::error_code last_error() noexcept { return error_of(WSAGetLastError()); }

// std::system_category() of MinGW knows no conditions for the errors of sockets.
std::error_code error_of(int code) noexcept {
    struct Name {
        int code;
        std::errc name;
    };
    static constexpr Name names[] = {
        {WSAEWOULDBLOCK, std::errc::operation_would_block},
        {WSAECONNREFUSED, std::errc::connection_refused},
        {WSAECONNRESET, std::errc::connection_reset},
        {WSAECONNABORTED, std::errc::connection_aborted},
        {WSAESHUTDOWN, std::errc::broken_pipe},
        {WSAENOTCONN, std::errc::not_connected},
        {WSAEISCONN, std::errc::already_connected},
        {WSAEALREADY, std::errc::connection_already_in_progress},
        {WSAEINPROGRESS, std::errc::operation_in_progress},
        {WSAETIMEDOUT, std::errc::timed_out},
        {WSAEHOSTUNREACH, std::errc::host_unreachable},
        {WSAENETUNREACH, std::errc::network_unreachable},
        {WSAENETDOWN, std::errc::network_down},
        {WSAENETRESET, std::errc::network_reset},
        {WSAEADDRINUSE, std::errc::address_in_use},
        {WSAEADDRNOTAVAIL, std::errc::address_not_available},
        {WSAEAFNOSUPPORT, std::errc::address_family_not_supported},
        {WSAEACCES, std::errc::permission_denied},
        {WSAEMFILE, std::errc::too_many_files_open},
        {WSAENOBUFS, std::errc::no_buffer_space},
        {WSA_NOT_ENOUGH_MEMORY, std::errc::not_enough_memory},
        {WSAEMSGSIZE, std::errc::message_size},
        {WSAEDESTADDRREQ, std::errc::destination_address_required},
        {WSAEINVAL, std::errc::invalid_argument},
        {WSAEFAULT, std::errc::bad_address},
        {WSAENOPROTOOPT, std::errc::no_protocol_option},
        {WSAEPROTOTYPE, std::errc::wrong_protocol_type},
        {WSAEPROTONOSUPPORT, std::errc::protocol_not_supported},
        {WSAEOPNOTSUPP, std::errc::operation_not_supported},
        // Closed sockets have this error, too; and no socket is open before Winsock is started.
        {WSAENOTSOCK, std::errc::bad_file_descriptor},
        {WSANOTINITIALISED, std::errc::bad_file_descriptor},
        {WSAEBADF, std::errc::bad_file_descriptor},
    };
    if (code == 0) return {};
    for (const auto& known : names) {
        if (known.code == code) return make_error_code(known.name);
    }
    return {code, std::system_category()};
}

IoResult last_result() noexcept {
    const int code = WSAGetLastError();
    if (code == WSAEWOULDBLOCK) return {Progress::would_block, {}};
    return IoResult::failure(error_of(code));
}

Source open(int family, int type, std::error_code& error) noexcept {
    error = start();
    if (error) return OwnedSource::none;
    const auto made = WSASocketW(family, type, 0, nullptr, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    error = made == INVALID_SOCKET ? last_error() : prepare_socket(made);
    if (!error || made == INVALID_SOCKET) return made;
    close(made);
    return OwnedSource::none;
}

Source accept(Source listener, SocketAddress& peer, IoResult& result) noexcept {
    const auto made = ::accept(listener, peer.data(), &peer.length());
    result = made == INVALID_SOCKET ? last_result() : IoResult();
    if (made == INVALID_SOCKET) return made;
    if (const auto error = prepare_socket(made)) {
        result = IoResult::failure(error);
        close(made);
        return OwnedSource::none;
    }
    return made;
}

std::error_code prepare_socket(Source socket) noexcept {
    u_long on = 1;
    if (ioctlsocket(socket, static_cast<long>(FIONBIO), &on) == SOCKET_ERROR) return last_error();
    if (SetHandleInformation(reinterpret_cast<HANDLE>(socket), HANDLE_FLAG_INHERIT, 0)) return {};
    return {static_cast<int>(GetLastError()), std::system_category()};
}

void close(Source source) noexcept { ::closesocket(source); }

std::error_code connect(Source socket, const SocketAddress& to) noexcept {
    if (::connect(socket, to.data(), to.length()) == 0) return {};
    return WSAGetLastError() == WSAEWOULDBLOCK ? std::error_code() : last_error();
}

// Not WSAPoll(), which does not report a failed connect() before Windows 10, version 2004.
Connecting connecting_state(Source socket, std::error_code& error) noexcept {
    fd_set done{1, {socket}}, failed = done;
    timeval at_once{0, 0};
    const int ready = ::select(0, nullptr, &done, &failed, &at_once);
    error = ready == SOCKET_ERROR ? last_error() : std::error_code();
    return ready == 0 ? Connecting::under_way : Connecting::over;
}

SocketKind kind_of(Source socket, std::error_code& error) noexcept {
    WSAPROTOCOL_INFOW info{};
    int length = sizeof info;
    error = error_after(::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length));
    return {info.iAddressFamily, info.iSocketType, info.iProtocol};
}

std::error_code set_reuse(Source socket, bool, bool port) noexcept {
    if (port) return make_error_code(std::errc::operation_not_supported);
    return set_option(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
}

Transfer read(Source socket, std::span<Slice> slices) noexcept {
    DWORD bytes = 0, flags = 0;
    const int done = WSARecv(socket, slices.data(), count_of(slices), &bytes, &flags, nullptr, nullptr);
    auto result = transferred(done, bytes);
    if (result.is_done() && result.count == 0) result.progress = Progress::ended;
    return result;
}

Transfer write(Source socket, std::span<Slice> slices) noexcept {
    DWORD bytes = 0;
    const int result = WSASend(socket, slices.data(), count_of(slices), &bytes, 0, nullptr, nullptr);
    return transferred(result, bytes);
}

Datagram receive(Source socket, Slice slice, SocketAddress* from) noexcept {
    DWORD bytes = 0, flags = 0;
    const int result = WSARecvFrom(socket, &slice, 1, &bytes, &flags, from ? from->data() : nullptr,
                                   from ? &from->length() : nullptr, nullptr, nullptr);
    // Windows returns an error, but has filled the buffer.
    if (result == SOCKET_ERROR && WSAGetLastError() == WSAEMSGSIZE) return {{{}, slice.len}, true};
    auto received = transferred(result, bytes);
    name_refusal(received);
    return {received, false};
}

Transfer send(Source socket, Slice slice, const SocketAddress* to) noexcept {
    DWORD bytes = 0;
    const int result =
        WSASendTo(socket, &slice, 1, &bytes, 0, to ? to->data() : nullptr, to ? to->length() : 0, nullptr, nullptr);
    auto sent = transferred(result, bytes);
    name_refusal(sent);
    return sent;
}

void report_refusals(Source socket, bool on) noexcept {
    constexpr DWORD udp_connreset = IOC_IN | IOC_VENDOR | 12; // SIO_UDP_CONNRESET, which not all headers have
    BOOL value = on ? TRUE : FALSE;
    DWORD ignored = 0;
    WSAIoctl(socket, udp_connreset, &value, sizeof value, nullptr, 0, &ignored, nullptr, nullptr);
}

} // namespace pollux::net::system
