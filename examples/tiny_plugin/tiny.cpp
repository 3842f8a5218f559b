// SPDX-License-Identifier: BSL-1.0
// The smallest plugin that keeps every rule, as an example to read: epoll(7) and a wake. `pollux new` makes yours.
#include <pollux/pending_wake.hpp>
#include <pollux/posix.hpp>
#include <pollux/process.hpp>
#include <pollux/time/deadline.hpp>
#include <pollux/toolkit.hpp>
#include <sys/epoll.h>
#include <sys/eventfd.h>

using namespace pollux;

// The token of a paused watch: EPOLLHUP and EPOLLERR cannot be masked, so epoll reports them once, and select() drops
// them.
static constexpr Token paused{static_cast<std::uint64_t>(wake_token) - 1};

static epoll_event event_of(const Watch& watch) noexcept {
    const auto flag_of = [&](Ready ready, std::uint32_t flag) { return any(watch.interest & ready) ? flag : 0; };
    const auto flags =
        flag_of(Ready::readable, EPOLLIN) | flag_of(Ready::writable, EPOLLOUT) | flag_of(Ready::priority, EPOLLPRI);
    const auto once = flags == 0 || watch.mode == Mode::oneshot ? EPOLLONESHOT : 0U;
    return {flags | once, {.u64 = static_cast<std::uint64_t>(flags == 0 ? paused : watch.token)}};
}
static Event event_of(const epoll_event& seen) noexcept {
    const auto has = [&](std::uint32_t flags, Ready ready) { return seen.events & flags ? ready : Ready::none; };
    if (Token{seen.data.u64} == wake_token) return {wake_token, Ready::none};
    return {Token{seen.data.u64}, has(EPOLLIN | EPOLLHUP | EPOLLERR, Ready::readable) | has(EPOLLPRI, Ready::priority) |
                                      has(EPOLLOUT | EPOLLHUP | EPOLLERR, Ready::writable)};
}

static constexpr Capability yes{Support::native}, no{Support::unsupported, "epoll refuses files; edge is left out"};
static constexpr Capabilities own_capabilities{.oneshot = yes,
                                               .level = yes,
                                               .edge = no,
                                               .sockets = yes,
                                               .pipes = yes,
                                               .files = no,
                                               .priority = yes,
                                               .timeout_resolution = std::chrono::milliseconds(1)};

struct Tiny final : Selector, Registrator {
    ~Tiny() override { close(epoll_), close(wake_); }
    bool open(const OpenRequest&, OpenFailure& failure) noexcept {
        epoll_event woken{0, {.u64 = static_cast<std::uint64_t>(wake_token)}};
        if (wake_ != -1 && epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &woken) == 0) return true;
        return failure.set(posix::check(-1), "epoll or eventfd"), false;
    }
    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return own_capabilities; }
    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if ((error = owner_.is_current() ? std::error_code() : other_process())) return {};
        epoll_event seen[64];
        const int room = buffer.size() < 64 ? static_cast<int>(buffer.size()) : 64; // none is EINVAL for epoll, too
        for (const time::Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));;) {
            const auto wait = posix::to_timespec(deadline.left());
            const int count = epoll_pwait2(epoll_, seen, room, timeout ? &wait : nullptr, nullptr);
            error = count == -1 && errno != EINTR ? posix::check(count) : std::error_code();
            std::size_t reported = 0;
            for (int i = 0; i < count; ++i) {
                if (Token{seen[i].data.u64} == wake_token) pending_.collect();
                if (Token{seen[i].data.u64} != paused) buffer[reported++] = event_of(seen[i]);
            }
            if (count <= 0 || reported != 0) return buffer.first(reported);
        }
    }
    std::error_code add(Source fd, const Watch& watch) noexcept override { return put(EPOLL_CTL_ADD, fd, watch); }
    std::error_code modify(Source fd, const Watch& watch) noexcept override { return put(EPOLL_CTL_MOD, fd, watch); }
    std::error_code remove(Source fd) noexcept override {
        if (!owner_.is_current()) return other_process();
        return epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr) == 0 ? std::error_code() : not_watched();
    }
    std::error_code wake() noexcept override {
        if (!owner_.is_current()) return other_process();
        return pending_.wake([this] {
            epoll_event woken{EPOLLIN | EPOLLET,
                              {.u64 = static_cast<std::uint64_t>(wake_token)}};        // an arrival each time
            const bool is_ours = epoll_ctl(epoll_, EPOLL_CTL_MOD, wake_, &woken) == 0; // not closed, nor another file's
            return is_ours ? std::error_code() : make_error_code(std::errc::bad_file_descriptor);
        });
    }
    std::error_code put(int operation, Source fd, const Watch& watch) noexcept {
        if (!owner_.is_current()) return other_process();
        if (const auto error = toolkit::validate(watch, own_capabilities)) return error;
        auto event = event_of(watch);
        const auto error = posix::check(epoll_ctl(epoll_, operation, fd, &event));
        return error == std::errc::operation_not_permitted && operation == EPOLL_CTL_MOD ? not_watched() : error;
    }
    static std::error_code not_watched() noexcept { return make_error_code(std::errc::no_such_file_or_directory); }
    static std::error_code other_process() noexcept { return make_error_code(std::errc::no_such_process); }
    int epoll_ = posix::above_standard_streams(epoll_create1(EPOLL_CLOEXEC));
    int wake_ = epoll_ == -1 ? -1 : posix::above_standard_streams(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
    PendingWake<> pending_;
    OwnerProcess owner_;
};

POLLUX_DESCRIBE_PLUGIN("tiny", -100, "epoll(7) in the fewest lines");
const Plugin pollux_plugin = toolkit::plugin_of(pollux_description, toolkit::open_selector<Tiny>, &own_capabilities);
