// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/plugin.hpp>

#include <cstdint>

#include <liburing.h>

namespace pollux::io_uring {

/// A UserData identifies a request; the kernel copies it into each of its completions.
enum class UserData : std::uint64_t {};

/// A Completion reports the result of a request.
struct Completion {
    UserData user_data;
    int result;   // what is ready, as poll(2) writes it, or a negative errno
    bool is_last; // of this request
};

/// Returns whether the kernel may later accept a request that it has refused with this error.
inline bool is_transient(const std::error_code& error) noexcept {
    return error == std::errc::resource_unavailable_try_again || error == std::errc::device_or_resource_busy ||
           error == std::errc::not_enough_memory;
}

/// A Ring is one io_uring: requests are prepared in memory and submitted by enter(); completions are reaped.
///
/// Threads:   none, the caller locks; only sleep() may run beside other calls.
/// Processes: in a forked child only the destructor may run, which closes and unmaps.
class Ring {
  public:
    Ring() noexcept { ring_.ring_fd = -1; }
    ~Ring() { close(); }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    /// Opens the ring. If memory is short, tries again for up to a quarter of a second: the kernel frees the memory of
    /// closed rings with a delay.
    bool open(unsigned entries, OpenFailure& failure) noexcept;
    bool is_open() const noexcept { return is_mapped_; }

    /// Returns how many more requests can be prepared before enter().
    unsigned space_left() const noexcept { return io_uring_sq_space_left(&ring_); }
    /// Returns whether a request is prepared and not submitted.
    bool has_prepared() const noexcept { return io_uring_sq_ready(&ring_) > 0; }
    /// Returns whether there is a completion to reap: sleep() returns at once.
    bool has_completions() const noexcept { return io_uring_cq_ready(&ring_) > 0 || has_overflow(); }
    /// Returns whether completions did not fit into the ring: enter() moves them there after others were reaped.
    bool has_overflow() const noexcept { return io_uring_cq_has_overflow(&ring_); }

    // Each prepares one request with this `user_data`; without space for it, it does nothing and returns false.
    bool prepare_poll(Source source, unsigned events, bool multishot, UserData user_data) noexcept;
    bool prepare_cancel(UserData request, UserData user_data) noexcept;
    bool prepare_nop(UserData user_data) noexcept;

    /// Submits the prepared requests, and lets the kernel do the work that it has deferred to this thread.
    /// Non-blocking. On success no request is prepared any more; on failure they stay prepared.
    ///
    /// Errors: resource_unavailable_try_again  the kernel is short of memory, or accepts no request for another reason
    ///         device_or_resource_busy         completions must be reaped first
    std::error_code enter() noexcept;

    /// Sleeps until there is a completion to reap.
    ///
    /// Errors: stream_timeout (ETIME) when the time is over, interrupted
    std::error_code sleep(Timeout timeout) noexcept;

    /// Calls `use` with each completion in the ring, removes it, and returns how many there were. Others may not have
    /// fitted into the ring: see has_overflow().
    unsigned reap(auto&& use) noexcept {
        io_uring_cqe* entry = nullptr;
        unsigned head = 0, reaped = 0;
        io_uring_for_each_cqe(&ring_, head, entry) {
            use(Completion{UserData{entry->user_data}, entry->res, (entry->flags & IORING_CQE_F_MORE) == 0});
            ++reaped;
        }
        io_uring_cq_advance(&ring_, reaped);
        return reaped;
    }

  private:
    bool prepare(UserData user_data, auto&& fill) noexcept;
    void close() noexcept;

    ::io_uring ring_{};
    bool is_mapped_ = false;
};

} // namespace pollux::io_uring
