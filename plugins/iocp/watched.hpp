// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "afd.hpp"

#include <pollux/plugin.hpp>

#include <memory>
#include <vector>

namespace pollux::iocp {

/// Returns the error for a status of the kernel.
std::error_code error_of(NTSTATUS status) noexcept;

/// Returns the error for a code of GetLastError() or WSAGetLastError(), as one of std::errc.
std::error_code error_of_code(DWORD code) noexcept;

/// Fills in the failure of open() for such a code.
void refuse(OpenFailure& failure, const char* step, DWORD code) noexcept;

/// A Device is a handle of AFD for the polls of a few sockets: AFD searches a poll that is cancelled or done among all
/// polls of its handle, so one handle for all sockets would be slow.
struct Device {
    HANDLE handle = nullptr;
    unsigned sockets = 0;
    static constexpr unsigned capacity = 32;
};

/// The Devices are the handles of AFD, all bound to one port.
///
/// Threads: none; the caller locks.
class Devices {
  public:
    Devices() = default;
    ~Devices();
    Devices(const Devices&) = delete;
    Devices& operator=(const Devices&) = delete;

    /// Opens the first handle; others are opened when they are needed, and all stay open.
    bool open(HANDLE port, OpenFailure& failure);

    /// Returns a handle for one more socket, or null and then `error` is set.
    Device* join(std::error_code& error) noexcept;
    void leave(Device& device) noexcept;

  private:
    bool open_one(OpenFailure& failure);

    HANDLE port_ = nullptr;
    std::vector<std::unique_ptr<Device>> all_;
    std::vector<Device*> not_full_;
};

/// A Watched is a watch and its poll.
///
/// The kernel writes into it from the begin of a poll until the packet of its completion is in the port, whether or not
/// it was cancelled. So it stays at its address, and lives, until that packet was removed from the port.
struct Watched {
    enum class Poll : std::uint8_t {
        none,      // nothing is under way
        pending,   // its result is an event
        cancelled, // it completes soon, or has completed: its packet reports only that
    };

    IO_STATUS_BLOCK outcome{};
    AfdPoll request{};
    Device* device;
    SOCKET base; // the socket that AFD knows, below layered service providers
    Watch watch;
    Poll poll = Poll::none;
    bool armed = false;   // an event is wanted: not paused, not spent, not closed while registered
    bool due = false;     // on the list of those that the next select() polls
    bool removed = false; // not in the table any more: freed with its packet, or from the list
    Watched* next_due = nullptr;

    Watched(Device& device, SOCKET base, const Watch& watch) noexcept;

    /// Begins a poll for the interest of the watch. On failure no poll is under way.
    std::error_code begin() noexcept;
    /// Cancels a poll; its packet is put into the port in any case.
    void cancel() noexcept;
    /// Returns the result of a completed poll; none if it is to be begun again. If the source was closed, it disarms
    /// the watch.
    Ready take_result() noexcept;
};

/// Returns whether the interest of the watch has a promise.
bool asks(const Watch& watch) noexcept;

/// Returns the socket that AFD knows for `source`. On failure `error` states why it cannot be watched.
SOCKET base_of(Source source, std::error_code& error) noexcept;

} // namespace pollux::iocp
