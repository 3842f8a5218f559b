// SPDX-License-Identifier: BSL-1.0
// The epoll(7) backend: Linux's own event queue, almost as it is.
//
// The kernel keeps the table of watches, so this keeps none: the token travels in epoll_data, and select() turns
// epoll_events into Events in one pass. Nothing is allocated and nothing locked per call.
#include <pollux/deadline.hpp>
#include <pollux/plugin.hpp>
#include <pollux/posix.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <new>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace {

using namespace pollux;
using posix::check;

constexpr std::size_t batch_size = 256; // more in one call gains nothing measurable

/// What epoll_ctl() is told of a watch; no EPOLLRDHUP without readable, so that a half-closed peer does not
/// disturb a watch that only writes.
std::uint32_t flags_of(const Watch& watch) noexcept {
    std::uint32_t flags = 0;
    if (any(watch.interest & Ready::readable)) flags |= EPOLLIN | EPOLLRDHUP;
    if (any(watch.interest & Ready::writable)) flags |= EPOLLOUT;
    if (any(watch.interest & Ready::priority)) flags |= EPOLLPRI;
    // EPOLLERR and EPOLLHUP cannot be masked: a paused watch hears of them once instead of for ever.
    if (flags == 0 || watch.mode == Mode::oneshot) return flags | EPOLLONESHOT;
    return watch.mode == Mode::edge ? flags | EPOLLET : flags;
}

Ready ready_of(std::uint32_t flags) noexcept {
    Ready ready = Ready::none;
    if (flags & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) ready |= Ready::readable;
    if (flags & (EPOLLOUT | EPOLLHUP | EPOLLERR)) ready |= Ready::writable;
    if (flags & EPOLLPRI) ready |= Ready::priority;
    if (flags & (EPOLLRDHUP | EPOLLHUP)) ready |= Ready::closed;
    if (flags & EPOLLERR) ready |= Ready::failed;
    return ready;
}

std::error_code refusal_of(const Watch& watch) noexcept {
    if (is_reserved(watch.token)) return make_error_code(std::errc::invalid_argument);
    if (watch.mode > Mode::edge) return make_error_code(std::errc::operation_not_supported);
    return {};
}

std::error_code unknown() noexcept { return make_error_code(std::errc::no_such_file_or_directory); }

/// epoll_pwait2() came with Linux 5.11, and a sandbox may refuse it; no descriptor is needed to find out.
bool kernel_counts_nanoseconds() noexcept {
    epoll_event event;
    const timespec now{};
    return epoll_pwait2(-1, &event, 1, &now, nullptr) == -1 && errno == EBADF;
}
const bool nanoseconds_work = kernel_counts_nanoseconds();

class Epoll final : public Selector, private Registrator {
  public:
    Epoll() = default;
    ~Epoll() override {
        if (wake_ != -1) close(wake_);
        if (epoll_ != -1) close(epoll_);
    }

    bool open(OpenFailure& failure) noexcept {
        const auto step = [&failure](const char* name, int result) {
            if (result == -1) failure = {check(result), name};
            return result != -1;
        };
        if (!step("epoll_create1", epoll_ = epoll_create1(EPOLL_CLOEXEC))) return false;
        if (!step("eventfd", wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) return false;
        // Edge-triggered, each write is an event and nobody has to read; 2^64 writes fit.
        epoll_event event{EPOLLIN | EPOLLET, {.u64 = static_cast<std::uint64_t>(wake_token)}};
        return step("epoll_ctl", epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event));
    }

    Registrator& registrator() noexcept override { return *this; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (error) error.clear(); // which looks up the category
        if (buffer.empty()) {
            error = make_error_code(std::errc::invalid_argument);
            return {};
        }
        std::array<epoll_event, batch_size> batch;
        const int room = static_cast<int>(std::min(buffer.size(), batch_size));
        const int count = wait(batch.data(), room, timeout);
        if (count == -1) {
            if (errno != EINTR) error = check(count);
            return {};
        }
        const auto events = buffer.first(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < events.size(); ++i) {
            events[i] = {Token{batch[i].data.u64}, ready_of(batch[i].events)};
            if (events[i].token == wake_token) {
                events[i].ready = Ready::none;
                // Reads what the last wake() wrote, so that all before that call is visible to who gets the event.
                wake_pending_.exchange(false, std::memory_order_acq_rel);
            }
        }
        return events;
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override {
        return change(EPOLL_CTL_ADD, source, watch);
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        const auto error = change(EPOLL_CTL_MOD, source, watch);
        return error == std::errc::operation_not_permitted ? unknown() : error; // a file, which cannot be watched
    }

    std::error_code remove(Source source) noexcept override {
        // It fails for one reason, whatever errno says of it: what is closed or a file is not watched either.
        return epoll_ctl(epoll_, EPOLL_CTL_DEL, source, nullptr) == -1 ? unknown() : std::error_code();
    }

    std::error_code wake() noexcept override {
        // One write serves all wakes until select() collects it. An exchange, not a load: whoever finds the flag
        // set has still put what it wrote before in front of the exchange by which select() clears it.
        if (wake_pending_.exchange(true, std::memory_order_acq_rel)) return {};
        const auto error = check(eventfd_write(wake_, 1));
        if (error) wake_pending_.store(false, std::memory_order_release);
        return error;
    }

    std::error_code change(int operation, Source source, const Watch& watch) noexcept {
        if (const auto error = refusal_of(watch)) return error;
        epoll_event event{flags_of(watch), {.u64 = static_cast<std::uint64_t>(watch.token)}};
        return check(epoll_ctl(epoll_, operation, source, &event));
    }

    /// As epoll_wait(2), for any Timeout.
    int wait(epoll_event* events, int room, Timeout timeout) noexcept {
        if (!timeout) return epoll_wait(epoll_, events, room, -1);
        // A look costs two thirds of a call that has to set up a timer, and mostly something is there.
        const int count = epoll_wait(epoll_, events, room, 0);
        if (count != 0 || *timeout <= timeout->zero()) return count;
        return nanoseconds_work ? wait_nanoseconds(events, room, *timeout) : wait_milliseconds(events, room, *timeout);
    }

    int wait_nanoseconds(epoll_event* events, int room, std::chrono::nanoseconds timeout) noexcept {
        const auto wait = posix::to_timespec(timeout);
        return epoll_pwait2(epoll_, events, room, &wait, nullptr);
    }

    int wait_milliseconds(epoll_event* events, int room, std::chrono::nanoseconds timeout) noexcept {
        for (const Deadline deadline(timeout);;) {
            const auto left = deadline.left();
            const int count = epoll_wait(epoll_, events, room, posix::to_milliseconds(left));
            if (count != 0 || left == left.zero()) return count;
        }
    }

    int epoll_ = -1;
    int wake_ = -1;
    std::atomic<bool> wake_pending_ = false;
};

std::unique_ptr<Selector> open(OpenFailure& failure) noexcept {
    std::unique_ptr<Epoll> selector(new (std::nothrow) Epoll);
    if (!selector) {
        failure = {make_error_code(std::errc::not_enough_memory), "allocate"};
    } else if (!selector->open(failure)) {
        selector.reset();
    }
    return selector;
}

} // namespace

POLLUX_DESCRIBE_PLUGIN("epoll", 100, "Linux epoll(7)");
const pollux::Plugin pollux_plugin{
    .interface_version = pollux::interface_version,
    .size = sizeof(pollux::Plugin),
    .abi = pollux::abi_tag,
    .name = pollux_description.name,
    .summary = nanoseconds_work
                   ? "Linux epoll(7), with the nanoseconds of epoll_pwait2(2)"
                   : "Linux epoll(7), in whole milliseconds: this kernel or sandbox has no epoll_pwait2(2)",
    .rank = pollux_description.rank,
    .capabilities =
        {
            .oneshot = {Support::native},
            .level = {Support::native},
            .edge = {Support::native},
            .sockets = {Support::native},
            .pipes = {Support::native},
            .files = {Support::unsupported, "epoll_ctl(2) refuses files and directories: they are always ready"},
            .priority = {Support::native},
            // "On an idle machine" allows for the 50 us of timer slack and the scheduler's delay.
            .timeout_resolution = nanoseconds_work ? std::chrono::microseconds(500) : std::chrono::milliseconds(2),
        },
    .open = open,
};
