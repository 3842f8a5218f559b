// SPDX-License-Identifier: BSL-1.0
#include "process.hpp"

#include "wine.hpp"

#include <stdexcept>
#include <thread>

#include <winsock2.h>

#include <windows.h>

#include <tlhelp32.h>

namespace pollux::conformance {
namespace {

std::chrono::nanoseconds nanoseconds_of(const FILETIME& time) {
    ULARGE_INTEGER units; // of 100 ns
    units.LowPart = time.dwLowDateTime;
    units.HighPart = time.dwHighDateTime;
    return std::chrono::nanoseconds(static_cast<std::int64_t>(units.QuadPart) * 100);
}

} // namespace

void begin_process() {
    WSADATA data;
    if (const int error = WSAStartup(MAKEWORD(2, 2), &data))
        throw std::system_error(error, std::system_category(), "WSAStartup");
}

std::size_t raise_descriptor_limit() {
    // Windows has no lower limit. Wine has none either, but its server searches lists: 10,000 sockets take a minute,
    // and on a busy machine several.
    return wine_version() ? 1064 : std::size_t{1} << 24;
}

std::size_t allow_descriptors(std::size_t) { return std::size_t{1} << 24; }

void block_realtime_signals() {}

std::vector<int> open_descriptors() {
    // Handles are multiples of four and are reused: the table is dense at its beginning.
    std::vector<int> open;
    for (int number = 4; number < 16384; number += 4) {
        DWORD flags = 0;
        if (GetHandleInformation(reinterpret_cast<HANDLE>(static_cast<std::intptr_t>(number)), &flags))
            open.push_back(number);
    }
    return open;
}

bool is_closed_on_exec(int descriptor) {
    DWORD flags = 0;
    return GetHandleInformation(reinterpret_cast<HANDLE>(static_cast<std::intptr_t>(descriptor)), &flags) &&
           (flags & HANDLE_FLAG_INHERIT) == 0;
}

std::size_t thread_count() {
    const HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 thread{};
    thread.dwSize = sizeof thread;
    std::size_t count = 0;
    for (BOOL more = Thread32First(snapshot, &thread); more; more = Thread32Next(snapshot, &thread)) {
        if (thread.th32OwnerProcessID == GetCurrentProcessId()) ++count;
    }
    CloseHandle(snapshot);
    return count;
}

int thread_number() { return static_cast<int>(GetCurrentThreadId()); }

bool is_asleep(int) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return true;
}

std::size_t heap_bytes() {
    std::size_t bytes = 0;
    const HANDLE heap = GetProcessHeap(); // malloc() takes from it
    HeapLock(heap);
    PROCESS_HEAP_ENTRY entry{};
    while (HeapWalk(heap, &entry)) {
        if (entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) bytes += entry.cbData;
    }
    HeapUnlock(heap);
    return bytes;
}

std::chrono::nanoseconds processor_time() {
    FILETIME begin{}, end{}, kernel{}, user{};
    GetProcessTimes(GetCurrentProcess(), &begin, &end, &kernel, &user);
    return nanoseconds_of(kernel) + nanoseconds_of(user);
}

std::chrono::nanoseconds processor_time_tick() { return std::chrono::microseconds(15625); }

std::size_t context_switches() { return 0; }

} // namespace pollux::conformance
