// SPDX-License-Identifier: BSL-1.0
// libev, judged by the suite as a backend: ev_io for each source. LIBEV_METHOD is one of its methods.
#include <pollux/callback_selector.hpp>

#include <ev.h>

namespace {

using namespace pollux;

struct Libev {
    static constexpr bool is_epoll = LIBEV_METHOD == EVBACKEND_EPOLL;
    static constexpr Capabilities capabilities{
        .oneshot = {Support::emulated, "ev_io_stop() after each event"},
        .level = {Support::native},
        .edge = {Support::unsupported, "ev_io reports states, not arrivals"},
        .sockets = {Support::native},
        .pipes = {Support::native},
        .files = {is_epoll ? Support::emulated : Support::native, "libev reports what epoll(7) refuses as ready"},
        .priority = {Support::unsupported, "ev_io has no such event"},
        .timeout_resolution = std::chrono::milliseconds(3), // its wait for epoll(7) and poll(2) is in whole ones
        .closed_sources = {Support::unsupported, "a watched descriptor must not be closed, as its manual states"},
    };
    using Handle = ev_io;

    ~Libev() {
        if (loop_) ev_loop_destroy(loop_);
    }

    bool open(const OpenRequest&, OpenFailure& failure) {
        loop_ = ev_loop_new(unsigned{LIBEV_METHOD} | unsigned{EVFLAG_NOENV});
        if (!loop_) failure.set(posix::check(-1), "ev_loop_new");
        return loop_ != nullptr;
    }

    void after_fork() noexcept { ev_loop_fork(loop_); }

    std::error_code start(Handle& handle, Callback& callback, Ready interest) {
        const int events =
            (any(interest & Ready::readable) ? EV_READ : 0) | (any(interest & Ready::writable) ? EV_WRITE : 0);
        ev_io_init(&handle, report, callback.source(), events);
        handle.data = &callback;
        ev_io_start(loop_, &handle);
        return {};
    }

    void stop(Handle& handle) noexcept { ev_io_stop(loop_, &handle); }

    std::error_code run(Timeout timeout) {
        constexpr std::chrono::nanoseconds most = std::chrono::hours(1);
        ev_now_update(loop_);
        ev_timer timer;
        ev_timer_init(
            &timer, [](struct ev_loop*, ev_timer*, int) {},
            std::chrono::duration<double>(std::min(timeout.value_or(most), most)).count(), 0.);
        if (timeout) ev_timer_start(loop_, &timer);
        ev_run(loop_, timeout && *timeout <= timeout->zero() ? EVRUN_NOWAIT : EVRUN_ONCE);
        if (timeout) ev_timer_stop(loop_, &timer);
        return {};
    }

    static void report(struct ev_loop*, ev_io* io, int events) {
        (*static_cast<Callback*>(io->data))((events & EV_READ ? Ready::readable : Ready::none) |
                                            (events & EV_WRITE ? Ready::writable : Ready::none));
    }

    struct ev_loop* loop_ = nullptr;
};

} // namespace

POLLUX_DESCRIBE_PLUGIN(LIBEV_NAME, -100, "libev " LIBRARY_VERSION);
const Plugin pollux_plugin =
    toolkit::plugin_of(pollux_description, toolkit::open_selector<CallbackSelector<Libev>>, &Libev::capabilities);
