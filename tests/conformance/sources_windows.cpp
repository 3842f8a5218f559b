// SPDX-License-Identifier: BSL-1.0
#include "sources.hpp"

#include <array>
#include <vector>

#include <winsock2.h>

#include <mswsock.h>
#include <windows.h>
#include <ws2tcpip.h>

// Macros of windows.h, from the time of 16-bit pointers.
#undef near
#undef far

namespace pollux::conformance {
namespace {

/// Returns the portable code of an error of sockets or handles: MinGW's std::system_category() lacks those of sockets.
std::error_code portable(DWORD code) {
    switch (code) {
    case WSAEWOULDBLOCK:
        return make_error_code(std::errc::operation_would_block);
    case WSAECONNREFUSED:
        return make_error_code(std::errc::connection_refused);
    case WSAECONNRESET:
        return make_error_code(std::errc::connection_reset);
    case WSAECONNABORTED:
        return make_error_code(std::errc::connection_aborted);
    case WSAEMFILE:
        return make_error_code(std::errc::too_many_files_open);
    case ERROR_BROKEN_PIPE:
    case ERROR_NO_DATA:
        return make_error_code(std::errc::broken_pipe);
    default:
        return {static_cast<int>(code), std::system_category()};
    }
}

[[noreturn]] void fail(const char* call, DWORD code) { throw std::system_error(portable(code), call); }

int demand(int result, const char* call) {
    if (result == SOCKET_ERROR) fail(call, static_cast<DWORD>(WSAGetLastError()));
    return result;
}

HANDLE handle_of(Source source) { return reinterpret_cast<HANDLE>(source); }
Source source_of(HANDLE handle) { return reinterpret_cast<Source>(handle); }

/// Returns the type of a socket, such as SOCK_STREAM; 0 if the source is not a socket.
int type_of(Source source) {
    int type = 0, size = sizeof type;
    return getsockopt(source, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type), &size) == 0 ? type : 0;
}

void prepare(Source socket) {
    set_blocking(socket, false);
    if (!SetHandleInformation(handle_of(socket), HANDLE_FLAG_INHERIT, 0)) fail("SetHandleInformation", GetLastError());
}

void set_option(Source socket, int level, int option, const auto& value, const char* call) {
    demand(setsockopt(socket, level, option, reinterpret_cast<const char*>(&value), sizeof value), call);
}

Owned internet_socket(int type) {
    Owned made(::socket(AF_INET, type, 0));
    if (made == Owned::none) demand(SOCKET_ERROR, "socket");
    prepare(made);
    return made;
}

sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

void bind_to_loopback(Source socket) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    demand(::bind(socket, generic(address), sizeof address), "bind");
}

sockaddr_in address_of(Source socket) {
    sockaddr_in address{};
    int size = sizeof address;
    demand(::getsockname(socket, generic(address), &size), "getsockname");
    return address;
}

void begin_connect(Source socket, sockaddr_in to) {
    if (::connect(socket, generic(to), sizeof to) == SOCKET_ERROR && WSAGetLastError() != WSAEWOULDBLOCK)
        demand(SOCKET_ERROR, "connect");
}

/// Returns the address of a closed port: that of a socket that was bound and closed.
sockaddr_in address_of_closed_port(int type) {
    const auto socket = internet_socket(type);
    bind_to_loopback(socket);
    return address_of(socket);
}

bool wait_for(Source socket, short events) {
    WSAPOLLFD watched{socket, events, 0};
    return demand(WSAPoll(&watched, 1, 5000), "WSAPoll") == 1;
}

Pair tcp_pair() {
    const auto waiting = listener();
    Pair pair{connect_to(waiting), Owned()};
    wait_for(waiting, POLLRDNORM);
    std::error_code error;
    pair.far = accept(waiting, error);
    if (error) throw std::system_error(error, "accept");
    wait_for(pair.near, POLLWRNORM); // the end of connect() is reported later than that of accept()
    for (const Source end : {pair.near.get(), pair.far.get()})
        set_option(end, IPPROTO_TCP, TCP_NODELAY, DWORD{1}, "setsockopt(TCP_NODELAY)");
    return pair;
}

Pair pipe_pair() {
    HANDLE reader = nullptr, writer = nullptr;
    if (!CreatePipe(&reader, &writer, nullptr, 0)) fail("CreatePipe", GetLastError());
    return {Owned(source_of(reader)), Owned(source_of(writer))};
}

IoResult io_result_of(int result) {
    if (result == SOCKET_ERROR) return {0, portable(static_cast<DWORD>(WSAGetLastError()))};
    return {static_cast<std::size_t>(result), {}};
}

std::size_t readable_bytes(Source socket) {
    u_long bytes = 0;
    demand(ioctlsocket(socket, static_cast<long>(FIONREAD), &bytes), "ioctlsocket(FIONREAD)");
    return bytes;
}

/// Whether a read without data blocks. Windows has no call that reports it, so this reads, after it has read all data.
bool is_blocking(Source socket) {
    while (readable_bytes(socket) > 0) read(socket, readable_bytes(socket));
    char byte = 0;
    set_option(socket, SOL_SOCKET, SO_RCVTIMEO, DWORD{1}, "setsockopt(SO_RCVTIMEO)");
    const int result = ::recv(socket, &byte, 1, 0);
    const bool would_block = result == SOCKET_ERROR && WSAGetLastError() == WSAEWOULDBLOCK;
    set_option(socket, SOL_SOCKET, SO_RCVTIMEO, DWORD{0}, "setsockopt(SO_RCVTIMEO)");
    return !would_block;
}

} // namespace

void Owned::close() noexcept {
    const auto source = std::exchange(source_, none);
    if (source != none && closesocket(source) == SOCKET_ERROR && WSAGetLastError() == WSAENOTSOCK)
        CloseHandle(handle_of(source));
}

const char* name_of(Kind kind) noexcept {
    return kind == Kind::tcp ? "TCP socket" : kind == Kind::local ? "second TCP socket" : "pipe";
}

Pair make_pair(Kind kind) { return kind == Kind::pipe ? pipe_pair() : tcp_pair(); }

Owned open_file() {
    std::array<wchar_t, MAX_PATH> folder{}, name{};
    if (!GetTempPathW(MAX_PATH, folder.data())) fail("GetTempPath", GetLastError());
    if (!GetTempFileNameW(folder.data(), L"pollux", 0, name.data())) fail("GetTempFileName", GetLastError());
    const HANDLE file = CreateFileW(name.data(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING,
                                    FILE_FLAG_DELETE_ON_CLOSE, nullptr);
    if (file == INVALID_HANDLE_VALUE) fail("CreateFile", GetLastError());
    return Owned(source_of(file));
}

Owned open_directory() {
    const HANDLE directory = CreateFileW(L"\\", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr,
                                         OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr);
    if (directory == INVALID_HANDLE_VALUE) fail("CreateFile", GetLastError());
    return Owned(source_of(directory));
}

Owned duplicate(Source source) {
    WSAPROTOCOL_INFOW information{};
    demand(WSADuplicateSocketW(source, GetCurrentProcessId(), &information), "WSADuplicateSocket");
    Owned made(WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &information, 0,
                          WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT));
    if (made == Owned::none) demand(SOCKET_ERROR, "WSASocket");
    return made;
}

IoResult write(Source source, const std::string& bytes) {
    if (type_of(source) != 0) return io_result_of(::send(source, bytes.data(), static_cast<int>(bytes.size()), 0));
    DWORD written = 0;
    if (!WriteFile(handle_of(source), bytes.data(), static_cast<DWORD>(bytes.size()), &written, nullptr))
        return {0, portable(GetLastError())};
    return {written, {}};
}

IoResult read(Source source, std::size_t most) {
    std::string bytes(most, '\0');
    auto outcome = io_result_of(::recv(source, bytes.data(), static_cast<int>(most), 0));
    // Windows returns this error when ICMP has refused a datagram.
    if (outcome.error == std::errc::connection_reset && type_of(source) == SOCK_DGRAM)
        outcome.error = make_error_code(std::errc::connection_refused);
    return outcome;
}

std::size_t drain(Source source) {
    std::size_t total = 0;
    for (;;) {
        const auto [bytes, error] = read(source);
        if (error || bytes == 0) return total;
        total += bytes;
    }
}

std::size_t fill(Source source) {
    const std::string block(65536, 'f');
    std::size_t total = 0;
    // Single bytes fit where a whole block does not. But TCP may have room for whole blocks a moment later, and takes
    // most of a minute to report room for single bytes.
    for (std::size_t size = block.size(); size > 0;) {
        const auto [bytes, error] = write(source, block.substr(0, size));
        total += bytes;
        size = error ? size / 2 : block.size();
    }
    return total;
}

bool wait_for_data(Source source) { return wait_for(source, POLLRDNORM); }

void send_datagram(Source source, const std::string& bytes) {
    demand(::send(source, bytes.data(), static_cast<int>(bytes.size()), 0), "send");
}

void shut_down_writing(Source source) { demand(::shutdown(source, SD_SEND), "shutdown"); }

void reset(Owned& source) {
    set_option(source, SOL_SOCKET, SO_LINGER, linger{1, 0}, "setsockopt(SO_LINGER)");
    source.close();
}

void write_urgent(Source source) { demand(::send(source, "!", 1, MSG_OOB), "send(MSG_OOB)"); }

std::error_code take_error(Source socket) {
    DWORD error = 0;
    int size = sizeof error;
    demand(getsockopt(socket, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &size), "getsockopt(SO_ERROR)");
    return error ? portable(error) : std::error_code();
}

Owned udp_socket(Source connected_to) {
    auto made = internet_socket(SOCK_DGRAM);
    bind_to_loopback(made);
    if (connected_to != Owned::none) begin_connect(made, address_of(connected_to));
    return made;
}

Owned udp_socket_to_closed_port() {
    auto made = internet_socket(SOCK_DGRAM);
    begin_connect(made, address_of_closed_port(SOCK_DGRAM));
    return made;
}

Owned unconnected_tcp_socket() { return internet_socket(SOCK_STREAM); }

Owned listener(int backlog) {
    auto made = internet_socket(SOCK_STREAM);
    bind_to_loopback(made);
    demand(::listen(made, backlog), "listen");
    return made;
}

Owned connect_to(Source listener) {
    auto made = internet_socket(SOCK_STREAM);
    begin_connect(made, address_of(listener));
    return made;
}

Owned connect_to_closed_port() {
    const auto closed = address_of_closed_port(SOCK_STREAM);
    auto made = internet_socket(SOCK_STREAM);
    begin_connect(made, closed);
    return made;
}

Owned accept(Source listener, std::error_code& error) {
    Owned made(::accept(listener, nullptr, nullptr));
    error = made == Owned::none ? portable(static_cast<DWORD>(WSAGetLastError())) : std::error_code();
    if (!error) prepare(made);
    return made;
}

Owned renumber(Owned source, Source number) {
    // A handle with a given number cannot be requested, so duplicates are made until one has it.
    std::vector<Owned> others;
    while (source != number) {
        auto twin = duplicate(source);
        others.push_back(std::move(source));
        source = std::move(twin);
        if (others.size() > 1000) fail("a handle of the number that was closed", ERROR_NOT_FOUND);
    }
    return source;
}

void set_blocking(Source source, bool blocking) {
    u_long non_blocking = blocking ? 0 : 1;
    demand(ioctlsocket(source, static_cast<long>(FIONBIO), &non_blocking), "ioctlsocket(FIONBIO)");
}

std::string flags_of(Source source) {
    DWORD flags = 0;
    if (!GetHandleInformation(handle_of(source), &flags)) fail("GetHandleInformation", GetLastError());
    return (is_blocking(source) ? "blocking/" : "non-blocking/") + std::to_string(flags);
}

bool wait_for_hang_up(Source source) { return wait_for(source, 0); }

bool is_connecting(Source source) {
    WSAPOLLFD watched{source, POLLWRNORM, 0};
    return demand(WSAPoll(&watched, 1, 0), "WSAPoll") == 0;
}

} // namespace pollux::conformance
