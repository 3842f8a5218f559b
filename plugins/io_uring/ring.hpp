// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/plugin.hpp>

#include <cstdint>

#include <liburing.h>

namespace pollux::io_uring {

/// The name of a request, which comes back with each of its completions.
enum class Name : std::uint64_t {};

/// What the kernel says of a request.
struct Completion {
    Name name;
    int result;   // what is ready, as poll(2) writes it, or a negative errno
    bool is_last; // of this request
};

/// One io_uring: requests are prepared in memory and handed to the kernel by enter(); completions are taken.
///
/// Threads: none, the caller locks; sleep() alone may run beside all else.
class Ring {
  public:
    Ring() noexcept { ring_.ring_fd = -1; }
    ~Ring();
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    bool open(OpenFailure& failure) noexcept;
    bool is_open() const noexcept { return ring_.ring_fd != -1; }

    /// How many more requests can be prepared before enter().
    unsigned room() const noexcept { return io_uring_sq_space_left(&ring_); }

    // Each needs room for one; without it, it does nothing and says so.
    bool prepare_poll(Source source, unsigned events, bool multishot, Name name) noexcept;
    bool prepare_cancel(Name which, Name name) noexcept;
    bool prepare_nothing(Name name) noexcept;

    /// Hands over what is prepared, does what the kernel has left for this thread to do, and waits for so many
    /// completions or a signal. On success nothing is prepared any more.
    ///
    /// Errors: resource_unavailable_try_again  the kernel is short of memory
    ///         device_or_resource_busy         completions must be taken first
    std::error_code enter(unsigned completions = 0) noexcept;

    /// Sleeps until there is a completion to take.
    ///
    /// Errors: stream_timeout (ETIME) when the time is over, interrupted
    std::error_code sleep(Timeout timeout) noexcept;

    /// Calls `use` with each completion that has come. Some may have found no room: enter() brings them, sleep() does
    /// not sleep then.
    void take(auto&& use) noexcept {
        io_uring_cqe* entry = nullptr;
        unsigned head = 0, taken = 0;
        io_uring_for_each_cqe(&ring_, head, entry) {
            use(Completion{Name{entry->user_data}, entry->res, (entry->flags & IORING_CQE_F_MORE) == 0});
            ++taken;
        }
        io_uring_cq_advance(&ring_, taken);
    }

  private:
    bool prepare(Name name, auto&& fill) noexcept;

    ::io_uring ring_{};
};

} // namespace pollux::io_uring
