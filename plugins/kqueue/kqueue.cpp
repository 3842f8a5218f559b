// SPDX-License-Identifier: BSL-1.0
// The kqueue(2) backend: the event queue of macOS and the BSDs.
//
//     add, modify, remove ──▶ table ──▶ changes of filters ──▶ kernel ──▶ kevents ──▶ table ──▶ events
//
// The kernel has one entry for each direction of a source, and overwrites it without a word. So a table by descriptor
// says what is watched, and puts together what comes of one watch. Each watch has a generation, which travels in udata:
// a kevent that was fetched before a change and not looked at yet is told from one that came after it.
#include "filters.hpp"
#include "waker.hpp"

#include <pollux/deadline.hpp>
#include <pollux/posix.hpp>
#include <pollux/process.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <new>
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
/// XNU refuses to wait for more than 100,000,000 s (itimerfix), and what is longer than a day may as well be two.
constexpr std::chrono::nanoseconds longest_wait = std::chrono::hours(24);
constexpr Ready promises = Ready::readable | Ready::writable | Ready::priority;

std::error_code other_process() noexcept { return make_error_code(std::errc::no_such_process); }

std::error_code refusal_of(const Watch& watch) noexcept {
    if (is_reserved(watch.token)) return make_error_code(std::errc::invalid_argument);
    if (watch.mode > Mode::edge) return make_error_code(std::errc::operation_not_supported);
#ifndef EVFILT_EXCEPT
    if (any(watch.interest & Ready::priority)) return make_error_code(std::errc::operation_not_supported);
#endif
    return {};
}

std::error_code refusal_of(Source source) noexcept {
    struct stat status {};
    if (fstat(source, &status) == -1) return check(-1);
    // EVFILT_READ of a file says where its pointer is, not that a read would not block.
    const bool is_file = S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
    return is_file ? make_error_code(std::errc::operation_not_permitted) : std::error_code();
}

/// Asks poll(2) about both directions.
Ready ready_now(Source source) noexcept {
    pollfd watched{source, POLLIN | POLLOUT, 0};
    Ready ready = Ready::none;
    if (posix::poll_now({&watched, 1}) != 1) return ready;
    if (watched.revents & (POLLIN | POLLHUP | POLLERR)) ready |= Ready::readable;
    if (watched.revents & (POLLOUT | POLLHUP | POLLERR)) ready |= Ready::writable;
    return ready;
}

class Kqueue final : public Selector, private Registrator {
  public:
    Kqueue() = default;
    ~Kqueue() override {
        // A child of fork(2) does not inherit a kqueue, and its file descriptor may be another file's there.
        if (kq_ != -1 && owner_.is_current()) close(kq_);
    }

    bool open(OpenFailure& failure) noexcept {
        const auto step = [&failure](const char* name, int result) {
            if (result == -1) failure = {check(result), name};
            return result != -1;
        };
        // A child of fork(2) does not inherit it; exec would.
        return step("kqueue", kq_ = posix::above_standard_streams(::kqueue())) &&
               step("fcntl", fcntl(kq_, F_SETFD, FD_CLOEXEC)) && waker_.open(kq_, failure);
    }

    Registrator& registrator() noexcept override { return *this; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (error) error.clear(); // which looks up the category
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
        for (const Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));;) {
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
    struct Place {
        Filters filters;
        bool watched = false;
        bool armed = false;       // a one-shot watch that is not has been reported
        std::uint32_t index = 0;  // of its event in the select()
        std::uint64_t select = 0; // with this number
    };

    std::error_code add(Source source, const Watch& watch) noexcept override try {
        if (!owner_.is_current()) return other_process();
        if (const auto error = refusal_of(watch)) return error;
        if (const auto error = refusal_of(source)) return error;
        const std::lock_guard lock(mutex_);
        const auto number = static_cast<std::size_t>(source);
        if (number >= places_.size()) places_.resize(std::max(number + 1, 2 * places_.size()));
        if (places_[number].watched) return make_error_code(std::errc::file_exists);
        return put(source, places_[number], watch);
    } catch (const std::bad_alloc&) {
        return make_error_code(std::errc::not_enough_memory);
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (!owner_.is_current()) return other_process();
        if (const auto error = refusal_of(watch)) return error;
        const std::lock_guard lock(mutex_);
        auto* place = place_of(source);
        // The kernel looks at what is added; at all else this does.
        if (!place || !any(watch.interest & promises)) {
            if (const auto error = check(fcntl(source, F_GETFD))) return error;
        }
        return place ? put(source, *place, watch) : make_error_code(std::errc::no_such_file_or_directory);
    }

    std::error_code remove(Source source) noexcept override {
        if (!owner_.is_current()) return other_process();
        const std::lock_guard lock(mutex_);
        auto* place = place_of(source);
        if (!place) return make_error_code(std::errc::no_such_file_or_directory);
        forget(source, *place);
        return {};
    }

    std::error_code wake() noexcept override { return owner_.is_current() ? waker_.wake(kq_) : other_process(); }

    /// Null if the source is not watched. Under the lock.
    Place* place_of(std::uintptr_t number) noexcept {
        return number < places_.size() && places_[number].watched ? &places_[number] : nullptr;
    }
    Place* place_of(Source source) noexcept { return place_of(static_cast<std::uintptr_t>(source)); }

    std::error_code put(Source source, Place& place, const Watch& watch) noexcept {
        auto filters = filters_for(watch, ++last_generation_);
        if (const auto error = replace(kq_, source, place.filters, filters)) return error;
        place = {.filters = filters, .watched = true, .armed = true};
        return {};
    }

    void forget(Source source, Place& place) noexcept {
        Filters nothing;
        replace(kq_, source, place.filters, nothing);
        place = {};
    }

    /// Makes one event of all that was seen of a watch; returns how many there are.
    std::size_t collect(std::span<const struct kevent> seen, std::span<Event> buffer, bool is_full) noexcept {
        const std::lock_guard lock(mutex_);
        ++select_;
        std::size_t count = 0;
        for (const auto& event : seen) {
            if (waker_.collects(event)) {
                buffer[count++] = {wake_token, Ready::none};
                continue;
            }
            auto* place = place_of(event.ident);
            if (!place || generation_of(event) != place->filters.generation) continue;
            if (has_outlived_its_source(event)) {
                forget(static_cast<Source>(event.ident), *place);
                continue;
            }
            const auto ready = ready_of(event, place->filters);
            if (!any(ready)) continue;
            if (place->select == select_) {
                buffer[place->index].ready |= ready;
            } else if (place->armed) {
                place->select = select_;
                place->index = static_cast<std::uint32_t>(count);
                // A one-shot watch has had its event: the filter that has not spoken may speak once more, to nobody.
                place->armed = place->filters.watch.mode != Mode::oneshot;
                buffer[count++] = {place->filters.watch.token, is_full ? ready | rest_of(*place, event) : ready};
            }
        }
        return count;
    }

    /// What the other direction would have said, had a full batch had room for it; of an edge watch the next event says
    /// it.
    static Ready rest_of(const Place& place, const struct kevent& event) noexcept {
        constexpr Ready both = Ready::readable | Ready::writable;
        const auto& watch = place.filters.watch;
        if (watch.mode == Mode::edge || (watch.interest & both) != both) return Ready::none;
        return ready_now(static_cast<Source>(event.ident));
    }

    int kq_ = -1;
    Waker waker_;
    std::mutex mutex_;
    std::vector<Place> places_; // by descriptor
    Generation last_generation_ = 0;
    std::uint64_t select_ = 0;
    OwnerProcess owner_;
};

std::unique_ptr<Selector> open(OpenFailure& failure) noexcept {
    std::unique_ptr<Kqueue> selector(new (std::nothrow) Kqueue);
    if (!selector) {
        failure = {make_error_code(std::errc::not_enough_memory), "allocate"};
    } else if (!selector->open(failure)) {
        selector.reset();
    }
    return selector;
}

} // namespace

POLLUX_DESCRIBE_PLUGIN("kqueue", 100, "kqueue(2) of macOS and the BSDs");
const pollux::Plugin pollux_plugin{
    .interface_version = pollux::interface_version,
    .size = sizeof(pollux::Plugin),
    .abi = pollux::abi_tag,
    .name = pollux_description.name,
    .summary = pollux_description.summary,
    .rank = pollux_description.rank,
    .capabilities =
        {
            .oneshot = {Support::native},
            .level = {Support::native},
            .edge = {Support::native},
            .sockets = {Support::native},
            .pipes = {Support::native},
            .files = {Support::unsupported, "EVFILT_READ of a file tells where its pointer is, not that it is ready"},
#ifdef EVFILT_EXCEPT
            .priority = {Support::native},
#else
            .priority = {Support::unsupported, "kqueue(2) of this system has no EVFILT_EXCEPT"},
#endif
#if defined(__OpenBSD__) || defined(__NetBSD__) || defined(__DragonFly__)
            // These count in ticks of 10 ms.
            .timeout_resolution = std::chrono::milliseconds(20),
#else
            .timeout_resolution = std::chrono::microseconds(500),
#endif
        },
    .open = open,
};
