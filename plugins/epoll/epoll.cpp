// SPDX-License-Identifier: BSL-1.0
// The epoll(7) backend: a thin layer over the event queue of Linux.
//
// The kernel keeps the table of watches, so this keeps none: epoll_data holds the token, and select() converts
// epoll_events to Events in one pass. No call allocates memory or takes a lock. Only sources that the kernel refuses,
// which are always ready, have a table here (files.hpp).
#include "files.hpp"

#include <pollux/pending_wake.hpp>
#include <pollux/plugin.hpp>
#include <pollux/pollable_descriptor.hpp>
#include <pollux/posix.hpp>
#include <pollux/process.hpp>
#include <pollux/time/deadline.hpp>
#include <pollux/toolkit.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace {

using namespace pollux;
using epoll::Files;
using posix::above_standard_streams;
using posix::check;

constexpr Ready promises = Ready::readable | Ready::writable | Ready::priority;

/// The token of a paused watch in the kernel. EPOLLERR and EPOLLHUP cannot be masked: the kernel reports them once, as
/// the watch is armed one-shot, and report() drops them.
constexpr Token paused_token{static_cast<std::uint64_t>(wake_token) - 1};

/// Returns the flags of a watch for epoll_ctl(). No EPOLLRDHUP without readable, so that a half-closed peer does not
/// disturb a watch that only writes.
std::uint32_t flags_of(const Watch& watch) noexcept {
    std::uint32_t flags = 0;
    if (any(watch.interest & Ready::readable)) flags |= EPOLLIN | EPOLLRDHUP;
    if (any(watch.interest & Ready::writable)) flags |= EPOLLOUT;
    if (any(watch.interest & Ready::priority)) flags |= EPOLLPRI;
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

std::error_code unknown() noexcept { return make_error_code(std::errc::no_such_file_or_directory); }
std::error_code other_process() noexcept { return make_error_code(std::errc::no_such_process); }

/// Returns the error of a call on descriptors of a Selector: the errors of other files' descriptors are EBADF, too.
std::error_code own_error(int result) noexcept {
    if (result == -1 && errno != ENOMEM) errno = EBADF;
    return check(result);
}

/// epoll_pwait2() is new in Linux 5.11, and a sandbox may refuse it; no file descriptor is needed to find out.
bool kernel_counts_nanoseconds() noexcept {
    epoll_event event;
    const timespec now{};
    return epoll_pwait2(-1, &event, 1, &now, nullptr) == -1 && errno == EBADF;
}
const bool nanoseconds_work = kernel_counts_nanoseconds();

/// What this backend can do on this system.
const Capabilities own_capabilities{
    .oneshot = {Support::native},
    .level = {Support::native},
    .edge = {Support::native},
    .sockets = {Support::native},
    .pipes = {Support::native},
    .files = {Support::emulated, "epoll_ctl(2) refuses files and directories: one eventfd that is always ready "
                                 "represents them"},
    .priority = {Support::native},
    // "On an idle machine" allows for the 50 us of timer slack and the scheduler's delay.
    .timeout_resolution = nanoseconds_work ? std::chrono::microseconds(500) : std::chrono::milliseconds(2),
};

// More than 256 events in one call gained nothing measurable.
constexpr Option options[] = {{"batch", "256", "events in one epoll_wait(2), from 1 to 4096"}};
constexpr std::uint32_t most_in_a_batch = 4096;

class Epoll final : public Selector, public PollableDescriptor, private Registrator {
  public:
    Epoll() = default;
    ~Epoll() override {
        if (wake_ != -1) close(wake_);
        if (epoll_ != -1) close(epoll_);
    }

    bool open(const OpenRequest& request, OpenFailure& failure) {
        std::uint32_t size = 0;
        if (!toolkit::read_count(request, "batch", 1, most_in_a_batch, size, failure)) return false;
        batch_ = std::make_unique<epoll_event[]>(size);
        batch_size_ = size;
        const auto step = [&failure](const char* name, int result) {
            if (result == -1) failure.set(check(result), name);
            return result != -1;
        };
        if (!step("epoll_create1", epoll_ = above_standard_streams(epoll_create1(EPOLL_CLOEXEC)))) return false;
        if (!step("eventfd", wake_ = above_standard_streams(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)))) return false;
        epoll_event event{0, {.u64 = static_cast<std::uint64_t>(wake_token)}};
        return step("epoll_ctl", epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event));
    }

    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return own_capabilities; }
    void* extension(const char* requested) noexcept override {
        return requested == std::string_view(PollableDescriptor::id) ? static_cast<PollableDescriptor*>(this) : nullptr;
    }
    /// The epoll set has all sources, and eventfds for wakes and files.
    Source descriptor() noexcept override { return epoll_; }

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
        const int room = static_cast<int>(std::min(buffer.size(), batch_size_));
        for (std::optional<time::Deadline> deadline;;) {
            // A non-blocking call costs two thirds of one that has to set up a timer, and in most cases finds events.
            int count = epoll_wait(epoll_, batch_.get(), room, timeout ? 0 : -1);
            if (count == 0 && timeout && *timeout > timeout->zero()) {
                if (!deadline) deadline.emplace(*timeout);
                count = sleep(batch_.get(), room, *deadline);
            }
            if (count == -1) {
                if (errno != EINTR) error = check(count);
                return {};
            }
            const auto events =
                report(std::span<const epoll_event>(batch_.get(), static_cast<std::size_t>(count)), buffer, error);
            if (!events.empty() || count == 0 || error) return events;
            // All events were of paused watches, which end no wait. If the batch was full, there may be others.
            if (!timeout || count == room) continue;
            if (!deadline) deadline.emplace(*timeout);
            if (deadline->left() == timeout->zero()) return {};
        }
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override {
        const auto error = change(EPOLL_CTL_ADD, source, watch);
        if (error == std::errc::operation_not_permitted) return files_.add(epoll_, source, watch);
        // A file that was closed while registered may have had this file descriptor.
        if (!error && files_.has_any()) files_.remove(epoll_, source);
        return error;
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        const auto error = change(EPOLL_CTL_MOD, source, watch);
        return error == std::errc::operation_not_permitted ? files_.modify(epoll_, source, watch) : error;
    }

    std::error_code remove(Source source) noexcept override {
        if (!owner_.is_current()) return other_process();
        if (epoll_ctl(epoll_, EPOLL_CTL_DEL, source, nullptr) == 0) return {};
        // For each errno: a source that was closed is not watched either, unless it is a file.
        return files_.has_any() ? files_.remove(epoll_, source) : unknown();
    }

    std::error_code wake() noexcept override {
        if (!owner_.is_current()) return other_process();
        // The eventfd is always readable, and watching it again is an arrival: no thread has to read it, and nothing is
        // written into a file that has reused its descriptor.
        return pending_.wake([this] {
            epoll_event event{EPOLLIN | EPOLLET, {.u64 = static_cast<std::uint64_t>(wake_token)}};
            return own_error(epoll_ctl(epoll_, EPOLL_CTL_MOD, wake_, &event));
        });
    }

    std::error_code change(int operation, Source source, const Watch& watch) noexcept {
        if (!owner_.is_current()) return other_process();
        if (const auto error = toolkit::validate(watch, own_capabilities)) return error;
        const bool is_paused = !any(watch.interest & promises);
        const auto token = static_cast<std::uint64_t>(is_paused ? paused_token : watch.token);
        epoll_event event{flags_of(watch), {.u64 = token}};
        return check(epoll_ctl(epoll_, operation, source, &event));
    }

    std::span<const Event> report(std::span<const epoll_event> batch, std::span<Event> buffer,
                                  std::error_code& error) noexcept {
        std::size_t count = 0;
        bool files_are_ready = false;
        for (const auto& seen : batch) {
            const Token token{seen.data.u64};
            if (!is_reserved(token)) [[likely]] {
                buffer[count++] = {token, ready_of(seen.events)};
            } else if (token == wake_token) {
                pending_.collect();
                buffer[count++] = {wake_token, Ready::none};
            } else if (token == Files::token) {
                files_are_ready = true;
            }
        }
        // The event of their eventfd was not reported, so there is space for one of them at least.
        if (files_are_ready) count += files_.collect(epoll_, buffer.subspan(count), error);
        if (count > 0 && error) error.clear(); // the next call returns it
        return buffer.first(count);
    }

    /// Calls epoll_wait(2) with a deadline.
    int sleep(epoll_event* events, int room, const time::Deadline& deadline) noexcept {
        if (nanoseconds_work) {
            const auto wait = posix::to_timespec(deadline.left());
            return epoll_pwait2(epoll_, events, room, &wait, nullptr);
        }
        for (;;) {
            const auto left = deadline.left();
            const int count = epoll_wait(epoll_, events, room, posix::to_milliseconds(left));
            if (count != 0 || left == left.zero()) return count;
        }
    }

    int epoll_ = -1;
    int wake_ = -1;
    std::unique_ptr<epoll_event[]> batch_; // of select()
    std::size_t batch_size_ = 0;
    PendingWake<> pending_;
    OwnerProcess owner_;
    Files files_;
};

} // namespace

POLLUX_DESCRIBE_PLUGIN("epoll", 100, "Linux epoll(7)");
const pollux::Plugin pollux_plugin{
    .kind = pollux_description.kind,
    .rank = pollux_description.rank,
    .name = pollux_description.name,
    .summary = nanoseconds_work
                   ? "Linux epoll(7), with the nanoseconds of epoll_pwait2(2)"
                   : "Linux epoll(7), in whole milliseconds: this kernel or sandbox has no epoll_pwait2(2)",
    .capabilities = &own_capabilities,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .open = toolkit::open_selector<Epoll>,
};
