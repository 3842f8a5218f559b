// SPDX-License-Identifier: BSL-1.0
// The kqueue(2) backend: the event queue of macOS and the BSDs.
//
//     add, modify, remove ──▶ table ──▶ changes of filters ──▶ kernel ──▶ kevents ──▶ table ──▶ events
//
// The kernel has one entry for each direction of a source, and overwrites it without an error. So a table by file
// descriptor holds the watches, and select() merges the kevents of one watch into one event. Each watch has a
// generation, which udata holds: it distinguishes a kevent that was fetched before a change, and not processed yet,
// from one after it.
#include "filters.hpp"
#include "waker.hpp"

#include <pollux/mutex.hpp>
#include <pollux/pollable_descriptor.hpp>
#include <pollux/posix.hpp>
#include <pollux/process.hpp>
#include <pollux/time/deadline.hpp>
#include <pollux/toolkit.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace pollux;
using namespace pollux::kqueue;
using posix::check;

constexpr std::size_t batch_size = 128;
/// XNU refuses to wait for more than 100,000,000 s (itimerfix); a longer wait than a day is made of several.
constexpr std::chrono::nanoseconds longest_wait = std::chrono::hours(24);
constexpr Ready promises = Ready::readable | Ready::writable | Ready::priority;

std::error_code other_process() noexcept { return make_error_code(std::errc::no_such_process); }

std::error_code validate(Source source) noexcept {
    struct stat status {};
    if (fstat(source, &status) == -1) return check(-1);
    // EVFILT_READ reports the offset of a file, not that a read would not block.
    const bool is_file = S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
    return is_file ? make_error_code(std::errc::operation_not_permitted) : std::error_code();
}

/// Returns which conditions of the interest hold, by poll(2).
Ready ready_now(Source source, Ready interest) noexcept {
    pollfd watched{source, 0, 0};
    if (any(interest & Ready::readable)) watched.events |= POLLIN;
    if (any(interest & Ready::writable)) watched.events |= POLLOUT;
    if (any(interest & Ready::priority)) watched.events |= POLLPRI;
    Ready ready = Ready::none;
    if (posix::poll_now({&watched, 1}) != 1) return ready;
    if (watched.revents & (POLLIN | POLLHUP | POLLERR)) ready |= interest & Ready::readable;
    if (watched.revents & (POLLOUT | POLLHUP | POLLERR)) ready |= interest & Ready::writable;
    if (watched.revents & POLLPRI) ready |= Ready::priority;
    return ready;
}

#ifdef EVFILT_EXCEPT
constexpr Capability priority{Support::native};
#else
constexpr Capability priority{Support::unsupported, "kqueue(2) of this system has no EVFILT_EXCEPT"};
#endif
#if defined(__OpenBSD__) || defined(__NetBSD__) || defined(__DragonFly__)
constexpr std::chrono::milliseconds resolution(20); // these count in ticks of 10 ms
#else
constexpr std::chrono::microseconds resolution(500);
#endif

/// What this backend can do on this system.
constexpr Capabilities own_capabilities{
    .oneshot = {Support::native},
    .level = {Support::native},
    .edge = {Support::native},
    .sockets = {Support::native},
    .pipes = {Support::native},
    .files = {Support::unsupported, "EVFILT_READ reports the offset of a file, not that it is ready"},
    .priority = priority,
    .timeout_resolution = resolution,
};

class Kqueue final : public Selector, public PollableDescriptor, private Registrator {
  public:
    /// Errors: std::system_error. On some systems the first lock() of a mutex allocates memory; later ones do not fail.
    Kqueue() { const MutexLock first(mutex_); }
    ~Kqueue() override {
        // A child of fork(2) does not inherit a kqueue, and there its file descriptor may be that of another file.
        if (kq_ != -1 && owner_.is_current()) close(kq_);
    }

    bool open(const OpenRequest&, OpenFailure& failure) noexcept {
        const auto step = [&failure](const char* name, int result) {
            if (result == -1) failure.set(check(result), name);
            return result != -1;
        };
        // A child of fork(2) does not inherit it; exec would.
        return step("kqueue", kq_ = posix::above_standard_streams(::kqueue())) &&
               step("fcntl", fcntl(kq_, F_SETFD, FD_CLOEXEC)) && waker_.open(kq_, failure);
    }

    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return own_capabilities; }
    void* extension(const char* requested) noexcept override {
        return requested == std::string_view(PollableDescriptor::id) ? static_cast<PollableDescriptor*>(this) : nullptr;
    }
    Source descriptor() noexcept override { return kq_; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (error) error.clear(); // not always: clear() calls system_category()
        if (buffer.empty()) {
            error = make_error_code(std::errc::invalid_argument);
            return {};
        }
        if (!owner_.is_current()) {
            error = other_process();
            return {};
        }
        std::array<struct kevent, batch_size> batch;
        const auto room = std::min(buffer.size(), batch_size);
        for (const time::Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));;) {
            const auto left = timeout ? std::min(deadline.left(), longest_wait) : longest_wait;
            const auto wait = posix::to_timespec(left);
            const int count =
                ::kevent(kq_, nullptr, 0, batch.data(), static_cast<Count>(room), timeout ? &wait : nullptr);
            if (count == -1) {
                if (errno != EINTR) error = check(count);
                return {};
            }
            const auto seen = std::span(batch).first(static_cast<std::size_t>(count));
            const auto events = buffer.first(collect(seen, buffer, seen.size() == room));
            if (!events.empty() || (count == 0 && left == left.zero())) return events;
        }
    }

  private:
    struct Entry {
        Filters filters;
        bool watched = false;
        bool armed = false;       // false: a one-shot watch that was reported
        std::uint32_t index = 0;  // of its event in the buffer of that select()
        std::uint64_t select = 0; // the last select() that reported it
    };

    std::error_code add(Source source, const Watch& watch) noexcept override try {
        if (!owner_.is_current()) return other_process();
        if (const auto error = toolkit::validate(watch, own_capabilities)) return error;
        if (const auto error = validate(source)) return error;
        const MutexLock lock(mutex_);
        const auto descriptor = static_cast<std::size_t>(source);
        if (descriptor >= entries_.size()) entries_.resize(std::max(descriptor + 1, 2 * entries_.size()));
        if (entries_[descriptor].watched) return make_error_code(std::errc::file_exists);
        return put(source, entries_[descriptor], watch);
    } catch (const std::exception&) { // bad_alloc, or length_error of a vector
        return make_error_code(std::errc::not_enough_memory);
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (!owner_.is_current()) return other_process();
        if (const auto error = toolkit::validate(watch, own_capabilities)) return error;
        const MutexLock lock(mutex_);
        auto* entry = find(source);
        // The kernel checks sources to which filters are added; this checks all others.
        if (!entry || !any(watch.interest & promises)) {
            if (const auto error = check(fcntl(source, F_GETFD))) return error;
        }
        return entry ? put(source, *entry, watch) : make_error_code(std::errc::no_such_file_or_directory);
    }

    std::error_code remove(Source source) noexcept override {
        if (!owner_.is_current()) return other_process();
        const MutexLock lock(mutex_);
        auto* entry = find(source);
        if (!entry) return make_error_code(std::errc::no_such_file_or_directory);
        unregister(source, *entry);
        return {};
    }

    std::error_code wake() noexcept override { return owner_.is_current() ? waker_.wake(kq_) : other_process(); }

    /// Returns null if the source is not watched.
    Entry* find(std::uintptr_t descriptor) noexcept POLLUX_REQUIRES(mutex_) {
        return descriptor < entries_.size() && entries_[descriptor].watched ? &entries_[descriptor] : nullptr;
    }
    Entry* find(Source source) noexcept POLLUX_REQUIRES(mutex_) { return find(static_cast<std::uintptr_t>(source)); }

    std::error_code put(Source source, Entry& entry, const Watch& watch) noexcept POLLUX_REQUIRES(mutex_) {
        auto filters = filters_for(watch, ++last_generation_);
        if (const auto error = replace(kq_, source, entry.filters, filters)) return error;
        entry = {.filters = filters, .watched = true, .armed = true};
        return {};
    }

    void unregister(Source source, Entry& entry) noexcept POLLUX_REQUIRES(mutex_) {
        Filters nothing;
        replace(kq_, source, entry.filters, nothing);
        entry = {};
    }

    /// Merges the kevents of each watch into one event; returns how many events there are.
    std::size_t collect(std::span<const struct kevent> seen, std::span<Event> buffer, bool is_full) noexcept {
        const MutexLock lock(mutex_);
        ++select_;
        std::size_t count = 0;
        for (const auto& event : seen) {
            if (waker_.collect_if_wake(event)) {
                buffer[count++] = {wake_token, Ready::none};
                continue;
            }
            auto* entry = find(event.ident);
            if (!entry || generation_of(event) != entry->filters.generation) continue;
            if (has_outlived_its_source(event)) {
                unregister(static_cast<Source>(event.ident), *entry);
                continue;
            }
            const auto ready = ready_of(event, entry->filters);
            if (!any(ready)) continue;
            if (entry->select == select_) {
                buffer[entry->index].ready |= ready;
            } else if (entry->armed) {
                entry->select = select_;
                entry->index = static_cast<std::uint32_t>(count);
                // A one-shot watch is spent: an event that its other filter may still report is dropped.
                entry->armed = entry->filters.watch.mode != Mode::oneshot;
                buffer[count++] = {entry->filters.watch.token, is_full ? ready | rest_of(*entry, event) : ready};
            }
        }
        return count;
    }

    /// Returns the conditions of the other filters that hold, for the event of a watch in a full batch, in which their
    /// kevents may not have fitted. Those of an edge watch are reported by the next select().
    static Ready rest_of(const Entry& entry, const struct kevent& event) noexcept {
        const auto& [watch, generation, set] = entry.filters;
        const bool has_others = (set & (set - 1U)) != 0;
        if (watch.mode == Mode::edge || !has_others) return Ready::none;
        return ready_now(static_cast<Source>(event.ident), watch.interest);
    }

    int kq_ = -1;
    Waker waker_;
    Mutex mutex_;
    std::vector<Entry> entries_ POLLUX_GUARDED_BY(mutex_); // by file descriptor
    Generation last_generation_ POLLUX_GUARDED_BY(mutex_) = 0;
    std::uint64_t select_ POLLUX_GUARDED_BY(mutex_) = 0;
    OwnerProcess owner_;
};

} // namespace

POLLUX_DESCRIBE_PLUGIN("kqueue", 100, "kqueue(2) of macOS and the BSDs");
const pollux::Plugin pollux_plugin =
    toolkit::plugin_of(pollux_description, toolkit::open_selector<Kqueue>, &own_capabilities);
