// SPDX-License-Identifier: BSL-1.0
// libevent, judged by the suite as a backend: a persistent event for each source. LIBEVENT_METHOD is one of its
// methods.
#include <pollux/callback_selector.hpp>

#include <event2/event.h>

namespace {

using namespace pollux;

struct Libevent {
    static constexpr bool is_epoll = std::string_view(LIBEVENT_METHOD) == "epoll";
    static constexpr bool is_select = std::string_view(LIBEVENT_METHOD) == "select";
    static constexpr Source highest_of_select = 1023;
    static constexpr Capabilities capabilities{
        .oneshot = {Support::emulated, "event_del() after each event"},
        .level = {Support::native},
        .edge = {Support::unsupported, "this plugin leaves EV_ET out, which only some of its methods have"},
        .sockets = {Support::native},
        .pipes = {Support::native},
        .files = {is_epoll ? Support::unsupported : Support::native, "event_add() refuses what epoll(7) refuses"},
        .priority = {Support::unsupported, "libevent has no such event"},
        .timeout_resolution =
            std::chrono::milliseconds(10), // it measures by CLOCK_MONOTONIC_COARSE, in ticks of up to 4 ms
        .any_number = {is_select ? Support::unsupported : Support::native, "FD_SET() ends the program above 1023"},
        .highest_source = is_select ? highest_of_select : ~std::uint64_t{0},
        .closed_sources = {Support::unsupported, "a watched descriptor must not be closed, as its manual states"},
    };
    struct Handle {
        event* native = nullptr;
    };

    ~Libevent() {
        if (timer_) event_free(timer_);
        if (base_) event_base_free(base_);
    }

    bool open(const OpenRequest&, OpenFailure& failure) {
        const std::unique_ptr<event_config, decltype(&event_config_free)> config(event_config_new(), event_config_free);
        if (!config) throw std::bad_alloc();
        for (const char* const* method = event_get_supported_methods(); *method; ++method) {
            if (std::string_view(*method) != LIBEVENT_METHOD) event_config_avoid_method(config.get(), *method);
        }
        base_ = event_base_new_with_config(config.get());
        if (!base_) return failure.set(posix::check(-1), "event_base_new"), false;
        timer_ = evtimer_new(
            base_, [](int, short, void*) {}, nullptr);
        if (!timer_) throw std::bad_alloc();
        return true;
    }

    void after_fork() noexcept { event_reinit(base_); }

    std::error_code start(Handle& handle, Callback& callback, Ready interest) {
        if (is_select && callback.source() > highest_of_select)
            return make_error_code(std::errc::operation_not_supported);
        const int events = EV_PERSIST | (any(interest & Ready::readable) ? EV_READ : 0) |
                           (any(interest & Ready::writable) ? EV_WRITE : 0);
        handle.native = event_new(base_, callback.source(), static_cast<short>(events), report, &callback);
        if (!handle.native) throw std::bad_alloc();
        if (event_add(handle.native, nullptr) == 0) return {};
        const auto error = posix::check(-1);
        event_free(handle.native);
        return error;
    }

    void stop(Handle& handle) noexcept { event_free(handle.native); }

    std::error_code run(Timeout timeout) {
        constexpr std::chrono::nanoseconds most = std::chrono::hours(1);
        const auto wait = std::chrono::ceil<std::chrono::microseconds>(std::min(timeout.value_or(most), most)).count();
        const timeval time{wait / 1'000'000, wait % 1'000'000};
        if (timeout && wait > 0 && event_add(timer_, &time) == -1) return make_error_code(std::errc::not_enough_memory);
        const int result = event_base_loop(base_, EVLOOP_ONCE | (timeout && wait <= 0 ? EVLOOP_NONBLOCK : 0));
        const auto error = posix::check(result);
        if (timeout && wait > 0) event_del(timer_);
        return error;
    }

    static void report(int, short events, void* callback) {
        (*static_cast<Callback*>(callback))((events & EV_READ ? Ready::readable : Ready::none) |
                                            (events & EV_WRITE ? Ready::writable : Ready::none));
    }

    event_base* base_ = nullptr;
    event* timer_ = nullptr;
};

} // namespace

POLLUX_DESCRIBE_PLUGIN("libevent_" LIBEVENT_METHOD, -100, "libevent " LIBRARY_VERSION);
const Plugin pollux_plugin =
    toolkit::plugin_of(pollux_description, toolkit::open_selector<CallbackSelector<Libevent>>, &Libevent::capabilities);
