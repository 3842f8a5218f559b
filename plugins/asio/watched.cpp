// SPDX-License-Identifier: BSL-1.0
#include "watched.hpp"

#include <pollux/mutex.hpp>
#include <pollux/posix.hpp>
#include <pollux/toolkit.hpp>

#include <new>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

namespace pollux::asio_backend {

using posix::check;

const Capabilities own_capabilities{
    .oneshot = {Support::native},
    .level = {Support::emulated, "async_wait() completes once: each select() polls a reported source again"},
    .edge = {Support::unsupported,
             "async_wait() reports states, not arrivals: a new wait for a ready source completes at once"},
    .sockets = {Support::native},
    .pipes = {Support::native},
    .files = {Support::emulated,
              "Asio cannot wait for files and directories: a non-blocking poll(2) reports them as ready"},
    .priority = {Support::native},
    // Asio's reactor sleeps in whole milliseconds, rounded up; the second one is the scheduler's.
    .timeout_resolution = std::chrono::milliseconds(2),
};

std::error_code portable(const boost::system::error_code& error) noexcept {
    if (!error) return {};
    const bool is_errno = error.category() == boost::system::system_category();
    return is_errno ? std::error_code(error.value(), std::generic_category()) : make_error_code(std::errc::io_error);
}

std::error_code caught() noexcept {
    try {
        throw;
    } catch (const boost::system::system_error& failure) {
        return portable(failure.code());
    } catch (const std::bad_alloc&) {
        return make_error_code(std::errc::not_enough_memory);
    } catch (...) {
        return make_error_code(std::errc::io_error);
    }
}

bool Watched::is_same_file() const noexcept {
    struct stat now {};
    return fstat(source, &now) == 0 && now.st_dev == file.st_dev && now.st_ino == file.st_ino;
}

/// The lock of register_source(). A forked child gets it unlocked, whichever thread had it in the parent.
constinit Mutex changing;
void lock_changing() POLLUX_ACQUIRE(changing) { changing.lock(); }
void unlock_changing() POLLUX_RELEASE(changing) { changing.unlock(); }
const int around_fork = pthread_atfork(lock_changing, unlock_changing, unlock_changing);

/// Before its first wait Asio makes a descriptor non-blocking, for operations that this backend does not use, and
/// remembers that it did. So that is done here, once, and the flag of the source is restored. One thread at a time, as
/// two Selectors may add the same source, and the second must not take the first one's change for the caller's.
std::error_code register_source(Watched& watched) {
    const MutexLock lock(changing);
    const int flags = fcntl(watched.source, F_GETFL);
    if (flags == -1) return check(flags);
    if (fstat(watched.source, &watched.file) == -1) return check(-1);
    boost::system::error_code error;
    watched.descriptor.assign(watched.source, error);
    if (!error) watched.descriptor.native_non_blocking(true, error);
    if (int off = 0; !error && !(flags & O_NONBLOCK)) return check(ioctl(watched.source, FIONBIO, &off));
    return portable(error);
}

Ready poll_now(Watched& watched, std::error_code& error) noexcept {
    pollfd seen{watched.source, 0, 0};
    for (const auto& direction : directions) {
        if (any(watched.watch.interest & direction.ready))
            seen.events = static_cast<short>(seen.events | direction.polled);
    }
    if (posix::poll_now({&seen, 1}) == -1) {
        error = check(-1);
        return Ready::none;
    }
    // A wait has ended twice for what poll_now() does not find, so that it was not over by then: an end or error below
    // a lowered RLIMIT_NOFILE. Asio does not state which, and would end a third wait at once, too.
    const bool has_ended = std::exchange(watched.wait_ended, false) && seen.revents == 0;
    if (std::exchange(watched.is_unexplained, has_ended) && has_ended)
        seen.revents = posix::recheck_end(watched.source, POLLIN | POLLOUT);
    Ready ready = Ready::none;
    for (const auto& direction : directions) {
        if (seen.revents & direction.polled) ready |= direction.ready;
    }
    if (seen.revents & (POLLHUP | POLLERR)) ready |= Ready::readable | Ready::writable;
    if (seen.revents & POLLHUP) ready |= Ready::closed;
    if (seen.revents & POLLERR) ready |= Ready::failed;
    // Closed while registered, and perhaps opened again: there is no source to wait for.
    if ((seen.revents & POLLNVAL) || (watched.wait_failed && !any(ready))) watched.watch.interest = Ready::none;
    return ready;
}

std::error_code validate(Source source, const Watch& watch) noexcept {
    if (const auto error = toolkit::validate(watch, own_capabilities)) return error;
    struct stat status {};
    if (fstat(source, &status) == -1) return check(-1);
    // A file reports POLLPRI once, and Asio's poll may receive it before poll_now() does.
    if (any(watch.interest & Ready::priority) && S_ISREG(status.st_mode))
        return make_error_code(std::errc::operation_not_supported);
    return {};
}

} // namespace pollux::asio_backend
