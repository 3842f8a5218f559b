// SPDX-License-Identifier: BSL-1.0
#include "watched.hpp"

#include <mswsock.h>

#include <cstdio>
#include <new>

namespace pollux::iocp {
namespace {

/// The conditions that a poll reports even without a request.
constexpr ULONG ends = afd_abort | afd_connect_fail | afd_local_close;

/// Returns the conditions of a poll for an interest: no end of the stream without readable, so that a half-closed peer
/// does not disturb a watch that only writes.
ULONG events_of(Ready interest) noexcept {
    ULONG events = ends;
    if (any(interest & Ready::readable)) events |= afd_receive | afd_accept | afd_disconnect;
    if (any(interest & Ready::writable)) events |= afd_send;
    if (any(interest & Ready::priority)) events |= afd_receive_expedited;
    return events;
}

Ready ready_of(ULONG events) noexcept {
    Ready ready = Ready::none;
    if (events & (afd_receive | afd_accept | afd_disconnect | afd_abort | afd_connect_fail)) ready |= Ready::readable;
    if (events & (afd_send | afd_abort | afd_connect_fail)) ready |= Ready::writable;
    if (events & afd_receive_expedited) ready |= Ready::priority;
    if (events & (afd_disconnect | afd_abort)) ready |= Ready::closed;
    if (events & (afd_abort | afd_connect_fail)) ready |= Ready::failed;
    return ready;
}

/// Returns the error of add() for a handle that is no socket.
std::error_code error_of_other_handle(Source source) noexcept {
    switch (GetFileType(reinterpret_cast<HANDLE>(source))) {
    case FILE_TYPE_DISK:
        return make_error_code(std::errc::operation_not_permitted);
    case FILE_TYPE_PIPE:
    case FILE_TYPE_CHAR:
        return make_error_code(std::errc::operation_not_supported);
    default:
        return make_error_code(std::errc::bad_file_descriptor);
    }
}

} // namespace

std::error_code error_of(NTSTATUS status) noexcept {
    if (status >= 0) return {};
    if (status == status_invalid_handle) return make_error_code(std::errc::bad_file_descriptor);
    if (status == status_no_memory || status == status_insufficient_resources)
        return make_error_code(std::errc::not_enough_memory);
    return error_of_code(RtlNtStatusToDosError(status));
}

std::error_code error_of_code(DWORD code) noexcept {
    switch (code) {
    case ERROR_INVALID_HANDLE:
    case WSAEBADF:
        return make_error_code(std::errc::bad_file_descriptor);
    case WSAENOTSOCK:
        return make_error_code(std::errc::not_a_socket);
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_NO_SYSTEM_RESOURCES:
    case ERROR_COMMITMENT_LIMIT:
    case WSAENOBUFS:
        return make_error_code(std::errc::not_enough_memory);
    case ERROR_TOO_MANY_OPEN_FILES:
    case WSAEMFILE:
        return make_error_code(std::errc::too_many_files_open);
    case ERROR_ACCESS_DENIED:
        return make_error_code(std::errc::permission_denied);
    default: // the library knows a few more
        const auto condition = std::system_category().default_error_condition(static_cast<int>(code));
        return condition.category() == std::generic_category()
                   ? std::error_code(condition.value(), condition.category())
                   : make_error_code(std::errc::io_error);
    }
}

void refuse(OpenFailure& failure, const char* step, DWORD code) noexcept {
    char sentence[40];
    std::snprintf(sentence, sizeof sentence, "error %lu of Windows", static_cast<unsigned long>(code));
    failure.set(error_of_code(code), step, sentence);
}

Devices::~Devices() {
    for (const auto& device : all_) CloseHandle(device->handle);
}

bool Devices::open(HANDLE port, OpenFailure& failure) {
    port_ = port;
    return open_one(failure);
}

bool Devices::open_one(OpenFailure& failure) {
    // Nothing below throws after there is a handle.
    not_full_.reserve(all_.size() + 1);
    all_.push_back(std::make_unique<Device>());
    auto& made = *all_.back();
    UNICODE_STRING name{};
    RtlInitUnicodeString(&name, afd_device_name);
    OBJECT_ATTRIBUTES attributes{};
    attributes.Length = sizeof attributes;
    attributes.ObjectName = &name;
    IO_STATUS_BLOCK outcome{};
    const auto status = NtCreateFile(&made.handle, SYNCHRONIZE, &attributes, &outcome, nullptr, 0,
                                     FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, nullptr, 0);
    bool opened = status >= 0;
    if (opened) {
        opened = CreateIoCompletionPort(made.handle, port_, 0, 0) != nullptr;
        if (!opened) refuse(failure, "CreateIoCompletionPort(AFD)", GetLastError());
    } else {
        failure.set(error_of(status), "NtCreateFile(\\Device\\Afd)");
    }
    if (opened) {
        // No thread waits for the handle's own event; if it cannot be switched off, it only costs time.
        SetFileCompletionNotificationModes(made.handle, FILE_SKIP_SET_EVENT_ON_HANDLE);
        not_full_.push_back(&made);
        return true;
    }
    if (made.handle) CloseHandle(made.handle);
    all_.pop_back();
    return false;
}

Device* Devices::join(std::error_code& error) noexcept try {
    OpenFailure failure;
    if (not_full_.empty() && !open_one(failure)) {
        error = failure.error();
        return nullptr;
    }
    auto* const device = not_full_.back();
    if (++device->sockets == Device::capacity) not_full_.pop_back();
    return device;
} catch (const std::bad_alloc&) {
    error = make_error_code(std::errc::not_enough_memory);
    return nullptr;
}

void Devices::leave(Device& device) noexcept {
    if (device.sockets-- == Device::capacity) not_full_.push_back(&device); // memory is reserved for all of them
}

bool asks(const Watch& watch) noexcept {
    return any(watch.interest & (Ready::readable | Ready::writable | Ready::priority));
}

Watched::Watched(Device& on, SOCKET socket, const Watch& what) noexcept
    : device(&on), base(socket), watch(what), armed(asks(what)) {}

std::error_code Watched::begin() noexcept {
    request = {afd_forever, 1, FALSE, reinterpret_cast<HANDLE>(base), events_of(watch.interest), status_success};
    // Even a poll that completes at once puts a packet into the port.
    const auto status = NtDeviceIoControlFile(device->handle, nullptr, nullptr, this, &outcome, ioctl_afd_poll,
                                              &request, sizeof request, &request, sizeof request);
    if (status < 0) return error_of(status);
    poll = Poll::pending;
    return {};
}

void Watched::cancel() noexcept {
    poll = Poll::cancelled;
    // If it is not found, it has completed, and its packet is in the port.
    IO_STATUS_BLOCK ignored{};
    NtCancelIoFileEx(device->handle, &outcome, &ignored);
}

Ready Watched::take_result() noexcept {
    // On some systems the end of a thread cancels its polls.
    if (outcome.Status == status_cancelled) return Ready::none;
    if (outcome.Status < 0) return Ready::readable | Ready::writable | Ready::failed;
    if (request.count == 0) return Ready::none;
    if (request.events & afd_local_close) armed = false;
    return armed ? ready_of(request.events) : Ready::none;
}

SOCKET base_of(Source source, std::error_code& error) noexcept {
    // SIO_BASE_HANDLE alone does not suffice: under Wine it succeeds for a socket that was closed.
    int type = 0, size = sizeof type;
    if (getsockopt(source, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type), &size) == SOCKET_ERROR) {
        error = error_of_other_handle(source);
        return INVALID_SOCKET;
    }
    SOCKET base = INVALID_SOCKET;
    DWORD written = 0;
    if (WSAIoctl(source, SIO_BASE_HANDLE, nullptr, 0, &base, sizeof base, &written, nullptr, nullptr) == SOCKET_ERROR) {
        error = error_of_code(static_cast<DWORD>(WSAGetLastError()));
        return INVALID_SOCKET;
    }
    return base;
}

} // namespace pollux::iocp
