// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "afd.hpp"

#include <pollux/plugin.hpp>

#include <memory>
#include <vector>

namespace pollux::iocp {

/// The error that a status of the kernel stands for.
std::error_code error_of(NTSTATUS status) noexcept;

/// A handle of AFD for the polls of a few sockets: AFD looks for a poll that is cancelled or done among all of its
/// handle, so one handle for all would be slow.
struct Device {
    HANDLE handle = nullptr;
    unsigned sockets = 0;
    static constexpr unsigned room = 32;
};

/// The handles of AFD, all bound to one port. Threads: none; the caller locks.
class Devices {
  public:
    Devices() = default;
    ~Devices();
    Devices(const Devices&) = delete;
    Devices& operator=(const Devices&) = delete;

    /// Opens the first handle; the others come with the sockets, and all stay.
    bool open(HANDLE port, OpenFailure& failure);

    /// A handle for one more socket, or null and the error.
    Device* join(std::error_code& error) noexcept;
    void leave(Device& device) noexcept;

  private:
    bool open_one(OpenFailure& failure);

    HANDLE port_ = nullptr;
    std::vector<std::unique_ptr<Device>> all_;
    std::vector<Device*> with_room_;
};

/// One watch and its poll.
///
/// The kernel writes into it from the beginning of a poll until the packet of its end is in the port, be it cancelled
/// or not. So it stays where it is, and lives, until that packet was taken.
struct Watched {
    enum class Poll : std::uint8_t {
        none,      // nothing is under way
        pending,   // what it finds is an event
        cancelled, // it ends, or has ended: its packet says only that
    };

    IO_STATUS_BLOCK outcome{};
    AfdPoll request{};
    Device* device;
    SOCKET base; // what AFD knows, below whatever somebody put around it
    Watch watch;
    Poll poll = Poll::none;
    bool armed = false;   // an event is wanted: not paused, not spent, not closed behind our back
    bool due = false;     // on the list of those that the next select() polls
    bool removed = false; // nobody's any more: freed when its packet comes, or from the list
    Watched* next_due = nullptr;

    Watched(Device& device, SOCKET base, const Watch& watch) noexcept;

    /// Begins a poll for what the watch asks for. On failure nothing is under way.
    std::error_code begin() noexcept;
    /// Ends a poll, soon; its packet comes in any case.
    void cancel() noexcept;
    /// What a poll found that is over; none if it is to be begun again. A source that was closed is no longer armed.
    Ready found() noexcept;
};

/// Whether the watch asks for anything.
bool asks(const Watch& watch) noexcept;

/// The socket that AFD knows by this name; else why it cannot be watched.
SOCKET base_of(Source source, std::error_code& error) noexcept;

} // namespace pollux::iocp
