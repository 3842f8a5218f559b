// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <winsock2.h>

#include <windows.h>

#include <winternl.h>

#include <cstdint>

/// Undocumented functions of Windows: the poll of AFD, the driver of all sockets, and completion ports in the terms of
/// the kernel. They are not guaranteed, but wepoll, mio and libuv depend on them, so they stay.
namespace pollux::iocp {

/// An AfdEvent is a condition of AFD's poll.
enum AfdEvent : ULONG {
    afd_receive = 0x001,
    afd_receive_expedited = 0x002, // out-of-band data
    afd_send = 0x004,              // and: a connect() has succeeded
    afd_disconnect = 0x008,        // the peer has ended its sending half
    afd_abort = 0x010,             // reset
    afd_local_close = 0x020,       // the socket was closed here, by its last handle
    afd_accept = 0x080,
    afd_connect_fail = 0x100,
};

/// An AfdPoll is the argument of AFD's poll of one socket, and its result.
struct AfdPoll {
    std::int64_t timeout; // in 100 ns
    ULONG count;          // 0 in a result: nothing happened
    ULONG exclusive;      // whether the poll ends others of the same socket
    HANDLE socket;
    ULONG events;
    NTSTATUS status;
};
static_assert(sizeof(AfdPoll) == (sizeof(void*) == 8 ? 32 : 28));

inline constexpr ULONG ioctl_afd_poll = 0x00012024;
inline constexpr std::int64_t afd_forever = INT64_MAX;

/// Any name below \Device\Afd opens a handle that only polls.
inline constexpr wchar_t afd_device_name[] = L"\\Device\\Afd\\Pollux";

// winternl.h does not define these, and ntstatus.h cannot be included together with windows.h.
inline constexpr NTSTATUS status_success = 0;
inline constexpr NTSTATUS status_timeout = 0x00000102;
inline constexpr NTSTATUS status_pending = 0x00000103;
inline constexpr NTSTATUS status_invalid_handle = static_cast<NTSTATUS>(0xC0000008);
inline constexpr NTSTATUS status_no_memory = static_cast<NTSTATUS>(0xC0000017);
inline constexpr NTSTATUS status_insufficient_resources = static_cast<NTSTATUS>(0xC000009A);
inline constexpr NTSTATUS status_cancelled = static_cast<NTSTATUS>(0xC0000120);

/// A Packet is removed from a completion port (FILE_IO_COMPLETION_INFORMATION).
struct Packet {
    void* key;
    void* context;
    IO_STATUS_BLOCK outcome;
};

extern "C" {
// https://learn.microsoft.com/windows/win32/fileio/cancelioex-func calls this one.
NTSTATUS NTAPI NtCancelIoFileEx(HANDLE file, IO_STATUS_BLOCK* request, IO_STATUS_BLOCK* outcome);
// GetQueuedCompletionStatusEx with a timeout in units of 100 ns: negative is relative, null is for ever.
NTSTATUS NTAPI NtRemoveIoCompletionEx(HANDLE port, Packet* packets, ULONG capacity, ULONG* count,
                                      LARGE_INTEGER* timeout, BOOLEAN alertable);
}

} // namespace pollux::iocp
