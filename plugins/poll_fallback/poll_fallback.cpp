// SPDX-License-Identifier: BSL-1.0
// The poll(2) backend: slow with many sources, but available on every POSIX system.
//
//     add, modify, remove ──▶ table ──▶ poll(0) under the lock ──▶ events
//                               └─ copy ─▶ poll(timeout), unlocked: only ends the sleep
//
// Events are those of a non-blocking poll of the table under the lock, so none is of a watch before a change. The sleep
// works on a copy; every change ends it through a pair of sockets, because poll(2) continues with the table that it was
// given, and holds the sources that are removed from it. Sources that report a change once, to the first poll(2), are
// the exception: their report is kept until it has become an event (watches.hpp).
#include "watches.hpp"

#include <pollux/mutex.hpp>
#include <pollux/posix.hpp>
#include <pollux/process.hpp>
#include <pollux/time/deadline.hpp>
#include <pollux/toolkit.hpp>

#include <array>
#include <cerrno>
#include <exception>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace pollux;
using poll_fallback::Watches;
using posix::check;

std::error_code other_process() noexcept { return make_error_code(std::errc::no_such_process); }

/// What this backend can do on this system.
constexpr Capabilities own_capabilities{
    .oneshot = {Support::emulated, "a spent watch is hidden from poll(2) until modify()"},
    .level = {Support::native},
    .edge = {Support::unsupported,
             "poll(2) reports states, not arrivals: new data on an undrained source is invisible"},
    .sockets = {Support::native},
    .pipes = {Support::native},
    .files = {Support::native},
    .priority = {Support::native},
    // poll(2) counts whole milliseconds, rounded up here; the second one is the scheduler's.
    .timeout_resolution = std::chrono::milliseconds(2),
};

std::error_code validate(Source source, const Watch& watch) noexcept {
    if (const auto error = toolkit::validate(watch, own_capabilities)) return error;
    // poll(2) would report POLLNVAL, later and to another caller, and would ignore a negative file descriptor.
    return check(fcntl(source, F_GETFD));
}

class PollFallback final : public Selector, private Registrator {
  public:
    /// Errors: std::system_error. On some systems the first lock() of a mutex allocates memory; later ones do not fail.
    PollFallback() { const MutexLock first(mutex_); }
    ~PollFallback() override {
        for (const int end : pair_) {
            if (end != -1) close(end);
        }
    }

    bool open(const OpenRequest&, OpenFailure& failure) noexcept {
        const auto error = posix::open_pair(pair_);
        if (error) failure.set(error, "socketpair");
        return !error;
    }

    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return own_capabilities; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override
        try {
        if (error) error.clear(); // not always: clear() calls system_category()
        if (buffer.empty()) {
            error = make_error_code(std::errc::invalid_argument);
            return {};
        }
        if (!owner_.is_current()) {
            error = other_process();
            return {};
        }
        const time::Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));
        const MutexLock lock(mutex_);
        for (;;) {
            const auto count = collect(buffer, error);
            if (count != 0 || error) return buffer.first(count);
            const auto left = timeout ? deadline.left() : std::chrono::nanoseconds::max();
            if (left == left.zero()) return {};
            if (!sleep(timeout ? posix::to_milliseconds(left) : -1, error)) return {};
        }
    } catch (const std::exception&) { // bad_alloc, or length_error of a vector
        error = make_error_code(std::errc::not_enough_memory);
        return {};
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override {
        if (const auto error = validate(source, watch)) return error;
        return change([&]() POLLUX_REQUIRES(mutex_) { return watches_.add(source, watch); });
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (const auto error = validate(source, watch)) return error;
        return change([&]() POLLUX_REQUIRES(mutex_) { return watches_.modify(source, watch); });
    }

    std::error_code remove(Source source) noexcept override {
        return change([&]() POLLUX_REQUIRES(mutex_) { return watches_.remove(source); });
    }

    std::error_code wake() noexcept override {
        return change([&]() POLLUX_REQUIRES(mutex_) {
            woken_ = true;
            return std::error_code();
        });
    }

    /// Ends the sleep, and then calls `step`: if the former fails nothing was changed, and if the latter fails select()
    /// only polls again.
    std::error_code change(auto&& step) noexcept try {
        if (!owner_.is_current()) return other_process();
        const MutexLock lock(mutex_);
        const auto error = interrupt();
        return error ? error : step();
    } catch (const std::exception&) { // bad_alloc, or length_error of a vector
        return make_error_code(std::errc::not_enough_memory);
    }

    /// Ends the sleep of select(), once.
    std::error_code interrupt() noexcept POLLUX_REQUIRES(mutex_) {
        if (!asleep_ || interrupted_) return {};
        if (const auto error = posix::send_byte(pair_[1])) return error;
        if (!posix::has_arrived(pair_[0])) return make_error_code(std::errc::bad_file_descriptor);
        interrupted_ = true;
        return {};
    }

    /// Reports what is ready now, round robin: the wake is behind the last watch.
    std::size_t collect(std::span<Event> buffer, std::error_code& error) noexcept POLLUX_REQUIRES(mutex_) {
        auto& polled = watches_.polled();
        int ready = posix::poll_now(polled);
        if (ready == -1) error = check(ready);
        if (error) return 0;
        ready += watches_.add_owed();
        const std::size_t size = polled.size() + 1;
        std::size_t count = 0;
        for (std::size_t seen = 0; seen < size && count < buffer.size() && (ready > 0 || woken_); ++seen) {
            const std::size_t index = next_ < size ? next_ : 0;
            next_ = index + 1;
            if (index == polled.size()) {
                if (std::exchange(woken_, false)) buffer[count++] = {wake_token, Ready::none};
            } else if (polled[index].revents != 0) {
                if ((polled[index].revents & POLLNVAL) && fcntl(pair_[0], F_GETFD) == -1) {
                    // All descriptors of the process were closed, not only one source.
                    if (count == 0) error = check(-1);
                    break;
                }
                --ready;
                const auto event = watches_.collect(index);
                if (any(event.ready)) buffer[count++] = event;
            }
        }
        if (ready > 0) watches_.keep_owed(polled, watches_.added());
        return count;
    }

    /// Sleeps, unlocked, until another non-blocking poll is due; returns false after a signal or an error.
    bool sleep(int milliseconds, std::error_code& error) POLLUX_REQUIRES(mutex_) {
        sleeping_on_ = watches_.polled();
        sleeping_on_.push_back({pair_[0], POLLIN, 0});
        const auto added = watches_.added();
        asleep_ = true;
        mutex_.unlock();
        const auto result = check(posix::poll_for(sleeping_on_, milliseconds));
        mutex_.lock();
        asleep_ = false;
        const auto pair_events = sleeping_on_.back().revents;
        sleeping_on_.pop_back();
        if (!result) watches_.keep_owed(sleeping_on_, added);
        if (result && result != std::errc::interrupted) error = result;
        // Even bytes that the program sent, if it took the descriptor for one of its own.
        if ((std::exchange(interrupted_, false) || pair_events != 0) && !posix::drain(pair_[0]))
            error = make_error_code(std::errc::bad_file_descriptor);
        return !result && !error;
    }

    Mutex mutex_;
    Watches watches_ POLLUX_GUARDED_BY(mutex_);
    std::size_t next_ POLLUX_GUARDED_BY(mutex_) = 0; // the index at which the next scan begins
    bool woken_ POLLUX_GUARDED_BY(mutex_) = false;
    bool asleep_ POLLUX_GUARDED_BY(mutex_) = false;
    bool interrupted_ POLLUX_GUARDED_BY(mutex_) = false;
    std::array<int, 2> pair_{-1, -1};
    std::vector<pollfd> sleeping_on_; // select() only
    OwnerProcess owner_;
};

} // namespace

POLLUX_DESCRIBE_PLUGIN("poll_fallback", 0, "POSIX poll(2): O(n), but available everywhere");
const pollux::Plugin pollux_plugin =
    toolkit::plugin_of(pollux_description, toolkit::open_selector<PollFallback>, &own_capabilities);
