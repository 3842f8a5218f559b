// SPDX-License-Identifier: BSL-1.0
#include "ring.hpp"

#include <pollux/posix.hpp>
#include <pollux/time/deadline.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <thread>
#include <utility>

#include <sys/resource.h>

namespace pollux::io_uring {
namespace {

constexpr unsigned completions = 512; // at least; the kernel keeps more of them until enter()

/// How long open() waits for memory: that of closed rings was free 6 to 16 ms after close(2).
constexpr std::chrono::milliseconds memory_patience(250);

std::error_code error_of(int result) noexcept {
    if (result == -EOPNOTSUPP) result = -EBADF; // the ring was closed, and another file has reused its descriptor
    return result < 0 ? std::error_code(-result, std::generic_category()) : std::error_code();
}

/// A MemoryLimit states which limit a user may have to raise if there is no memory for a ring.
class MemoryLimit {
  public:
    MemoryLimit() noexcept {
        rlimit limit{};
        if (getrlimit(RLIMIT_MEMLOCK, &limit) == -1 || limit.rlim_cur == RLIM_INFINITY) return;
        std::snprintf(text_.data(), text_.size(),
                      "the kernel counts all rings of a user against RLIMIT_MEMLOCK, %llu KiB (ulimit -l)",
                      static_cast<unsigned long long>(limit.rlim_cur / 1024));
    }
    const char* text() const noexcept { return text_.data(); }

  private:
    std::array<char, 128> text_{};
};

} // namespace

void Ring::close() noexcept {
    if (std::exchange(is_mapped_, false)) io_uring_queue_exit(&ring_);
    ring_.ring_fd = -1;
}

bool Ring::open(unsigned entries, OpenFailure& failure) noexcept {
    const auto refuse = [&failure](std::error_code error, const char* step, const char* sentence = "") {
        failure.set(error, step, sentence);
        return false;
    };
    const auto too_old = make_error_code(std::errc::function_not_supported);
    io_uring_params params{};
    const auto set_up = [&] {
        params = {};
        params.flags = IORING_SETUP_CQSIZE;
        params.cq_entries = std::max(completions, 2 * entries);
        return io_uring_queue_init_params(entries, &ring_, &params);
    };
    int result = set_up();
    const time::Deadline deadline(memory_patience);
    while (result == -ENOMEM && deadline.left() > std::chrono::nanoseconds::zero()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        result = set_up();
    }
    if (result < 0) {
        ring_.ring_fd = -1;
        return refuse(error_of(result), "io_uring_setup", result == -ENOMEM ? MemoryLimit().text() : "");
    }
    is_mapped_ = true;
    ring_.ring_fd = ring_.enter_ring_fd = posix::above_standard_streams(ring_.ring_fd);
    if (ring_.ring_fd == -1) return refuse(posix::check(-1), "fcntl(F_DUPFD_CLOEXEC)");
    if (!(params.features & IORING_FEAT_NODROP)) return refuse(too_old, "IORING_FEAT_NODROP (Linux 5.5)");
    if (!(params.features & IORING_FEAT_EXT_ARG)) return refuse(too_old, "IORING_FEAT_EXT_ARG (Linux 5.11)");
    // A sandbox may allow only the first of the system calls. No file descriptor is needed to find out whether the
    // kernel knows a multishot poll: it checks flags first.
    prepare_poll(-1, 0, true, UserData{});
    if (const auto error = enter()) return refuse(error, "io_uring_enter");
    bool has_multishot = false;
    reap([&](const Completion& completion) { has_multishot = completion.result == -EBADF; });
    return has_multishot || refuse(too_old, "IORING_POLL_ADD_MULTI (Linux 5.13)");
}

bool Ring::prepare(UserData user_data, auto&& fill) noexcept {
    io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
    if (!entry) return false;
    fill(entry);
    io_uring_sqe_set_data64(entry, static_cast<std::uint64_t>(user_data)); // last: `fill` clears it in some versions
    return true;
}

bool Ring::prepare_poll(Source source, unsigned events, bool multishot, UserData user_data) noexcept {
    return prepare(user_data, [&](io_uring_sqe* entry) {
        io_uring_prep_poll_add(entry, source, events);
        if (multishot) entry->len = IORING_POLL_ADD_MULTI;
    });
}

bool Ring::prepare_cancel(UserData request, UserData user_data) noexcept {
    // Not io_uring_prep_poll_remove(): it fails (EALREADY) for a multishot poll that is about to report.
    return prepare(user_data,
                   [&](io_uring_sqe* entry) { io_uring_prep_cancel64(entry, static_cast<std::uint64_t>(request), 0); });
}

bool Ring::prepare_nop(UserData user_data) noexcept {
    return prepare(user_data, [](io_uring_sqe* entry) { io_uring_prep_nop(entry); });
}

std::error_code Ring::enter() noexcept {
    constexpr int most_fruitless = 8;
    for (int fruitless = 0; fruitless < most_fruitless;) {
        const unsigned before = io_uring_sq_ready(&ring_);
        const int result = io_uring_submit_and_get_events(&ring_);
        if (result < 0 && result != -EINTR) return error_of(result);
        const unsigned left = io_uring_sq_ready(&ring_); // the kernel may stop at a request that it refuses
        if (result >= 0 && left == 0) return {};
        if (left >= before) ++fruitless;
    }
    return make_error_code(std::errc::resource_unavailable_try_again);
}

std::error_code Ring::sleep(Timeout timeout) noexcept {
    // The kernel adds the time to its clock without a check for overflow.
    constexpr std::chrono::nanoseconds most = std::chrono::hours(24);
    const auto wait = posix::to_timespec(std::min(timeout.value_or(most), most));
    __kernel_timespec time{wait.tv_sec, wait.tv_nsec};
    io_uring_getevents_arg argument{};
    if (timeout) argument.ts = reinterpret_cast<std::uintptr_t>(&time);
    return error_of(io_uring_enter2(static_cast<unsigned>(ring_.ring_fd), 0, 1,
                                    IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
                                    reinterpret_cast<sigset_t*>(&argument), sizeof argument));
}

} // namespace pollux::io_uring
