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

/// Whether the kernel may accept later what it has refused with this error.
inline bool is_passing(const std::error_code& error) noexcept {
    return error == std::errc::resource_unavailable_try_again || error == std::errc::device_or_resource_busy ||
           error == std::errc::not_enough_memory;
}

/// One io_uring: requests are prepared in memory and handed to the kernel by enter(); completions are taken.
///
/// Threads:   none, the caller locks; sleep() alone may run beside all else.
/// Processes: in a forked child only the destructor may run, which closes and unmaps.
class Ring {
  public:
    Ring() noexcept { ring_.ring_fd = -1; }
    ~Ring() { close(); }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    /// Waits up to a quarter of a second when the memory is not there: the kernel frees that of closed rings later.
    bool open(OpenFailure& failure) noexcept;
    bool is_open() const noexcept { return is_mapped_; }

    /// How many more requests can be prepared before enter().
    unsigned room() const noexcept { return io_uring_sq_space_left(&ring_); }
    /// Whether a request is prepared and not handed over.
    bool has_prepared() const noexcept { return io_uring_sq_ready(&ring_) > 0; }
    /// Whether there is a completion to take: sleep() returns at once.
    bool has_completions() const noexcept { return io_uring_cq_ready(&ring_) > 0 || has_overflow(); }
    /// Whether completions have found no room: enter() brings them when others were taken.
    bool has_overflow() const noexcept { return io_uring_cq_has_overflow(&ring_); }

    // Each needs room for one; without it, it does nothing and returns false.
    bool prepare_poll(Source source, unsigned events, bool multishot, Name name) noexcept;
    bool prepare_cancel(Name which, Name name) noexcept;
    bool prepare_nothing(Name name) noexcept;

    /// Hands over what is prepared, and does what the kernel has left for this thread to do. Non-blocking. On success
    /// nothing is prepared any more; on failure it stays prepared.
    ///
    /// Errors: resource_unavailable_try_again  the kernel is short of memory, or accepts nothing for another reason
    ///         device_or_resource_busy         completions must be taken first
    std::error_code enter() noexcept;

    /// Sleeps until there is a completion to take.
    ///
    /// Errors: stream_timeout (ETIME) when the time is over, interrupted
    std::error_code sleep(Timeout timeout) noexcept;

    /// Calls `use` with each completion that has come, and returns how many they were. Some may have found no room:
    /// see has_overflow().
    unsigned take(auto&& use) noexcept {
        io_uring_cqe* entry = nullptr;
        unsigned head = 0, taken = 0;
        io_uring_for_each_cqe(&ring_, head, entry) {
            use(Completion{Name{entry->user_data}, entry->res, (entry->flags & IORING_CQE_F_MORE) == 0});
            ++taken;
        }
        io_uring_cq_advance(&ring_, taken);
        return taken;
    }

  private:
    bool prepare(Name name, auto&& fill) noexcept;
    void close() noexcept;

    ::io_uring ring_{};
    bool is_mapped_ = false;
};

} // namespace pollux::io_uring
