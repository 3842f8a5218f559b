// SPDX-License-Identifier: BSL-1.0
// libuv, judged by the suite as a backend: uv_poll_t for each source.
#include <pollux/callback_selector.hpp>

#include <uv.h>

namespace {

using namespace pollux;

struct Libuv {
    static constexpr Capabilities capabilities{
        .oneshot = {Support::emulated, "uv_poll_stop() after each event"},
        .level = {Support::native},
        .edge = {Support::unsupported, "uv_poll_t reports states, not arrivals"},
        .sockets = {Support::native},
        .pipes = {Support::native},
        .files = {Support::unsupported, "uv_poll_init() refuses them"},
        .priority = {Support::native},
        .timeout_resolution =
            std::chrono::milliseconds(3), // uv_timer_t counts whole ones, of a clock that it truncates
        .unchanged_sources = {Support::unsupported, "uv_poll_init() sets O_NONBLOCK"},
        .closed_sources = {Support::unsupported, "a watched descriptor must not be closed, as its manual states"},
    };

    /// Closed by uv_close(), which frees it in a later run().
    struct Poll {
        uv_poll_t native;
        Callback* callback;
        int events;
    };
    struct Handle {
        Poll* poll = nullptr;
    };

    ~Libuv() {
        if (!is_open_) return;
        uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
        uv_run(&loop_, UV_RUN_DEFAULT);
        uv_loop_close(&loop_);
    }

    bool open(const OpenRequest&, OpenFailure& failure) {
        if (const int result = uv_loop_init(&loop_)) return failure.set(error_of(result), "uv_loop_init"), false;
        uv_timer_init(&loop_, &timer_);
        is_open_ = true;
        return true;
    }

    void after_fork() noexcept { uv_loop_fork(&loop_); }

    std::error_code start(Handle& handle, Callback& callback, Ready interest) {
        auto poll = std::make_unique<Poll>();
        if (const int result = uv_poll_init(&loop_, &poll->native, callback.source())) return error_of(result);
        handle.poll = poll.release();
        handle.poll->native.data = handle.poll;
        handle.poll->callback = &callback;
        handle.poll->events = (any(interest & Ready::readable) ? UV_READABLE : 0) |
                              (any(interest & Ready::writable) ? UV_WRITABLE : 0) |
                              (any(interest & Ready::priority) ? UV_PRIORITIZED : 0);
        const int result = uv_poll_start(&handle.poll->native, handle.poll->events, report);
        if (result != 0) stop(handle);
        return error_of(result);
    }

    void stop(Handle& handle) noexcept {
        uv_close(reinterpret_cast<uv_handle_t*>(&handle.poll->native),
                 [](uv_handle_t* closed) { delete static_cast<Poll*>(closed->data); });
    }

    std::error_code run(Timeout timeout) {
        using std::chrono::milliseconds;
        uv_update_time(&loop_);
        if (timeout && *timeout > timeout->zero())
            uv_timer_start(
                &timer_, [](uv_timer_t*) {}, static_cast<std::uint64_t>(posix::to_milliseconds(*timeout)), 0);
        uv_run(&loop_, timeout && *timeout <= timeout->zero() ? UV_RUN_NOWAIT : UV_RUN_ONCE);
        uv_timer_stop(&timer_);
        return {};
    }

    /// An error of the source is reported as one of the watch, which libuv has stopped.
    static void report(uv_poll_t* native, int status, int events) {
        auto& poll = *static_cast<Poll*>(native->data);
        if (status < 0) {
            (*poll.callback)(Ready::readable | Ready::writable | Ready::failed);
            uv_poll_start(native, poll.events, report);
            return;
        }
        (*poll.callback)((events & UV_READABLE ? Ready::readable : Ready::none) |
                         (events & UV_WRITABLE ? Ready::writable : Ready::none) |
                         (events & UV_PRIORITIZED ? Ready::priority : Ready::none));
    }

    static std::error_code error_of(int result) { return {-result, std::generic_category()}; }

    bool is_open_ = false;
    uv_loop_t loop_{};
    uv_timer_t timer_{};
};

} // namespace

POLLUX_DESCRIBE_PLUGIN("libuv", -100, "libuv " LIBRARY_VERSION);
const Plugin pollux_plugin =
    toolkit::plugin_of(pollux_description, toolkit::open_selector<CallbackSelector<Libuv>>, &Libuv::capabilities);
