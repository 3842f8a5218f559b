// SPDX-License-Identifier: BSL-1.0
// sd-event of systemd, judged by the suite as a backend: sd_event_add_io() for each source.
#include <pollux/callback_selector.hpp>

#include <sys/epoll.h>
#include <systemd/sd-event.h>

namespace {

using namespace pollux;

struct SdEvent {
    static constexpr Capabilities capabilities{
        .oneshot = {Support::emulated, "the source is removed after each event"},
        .level = {Support::native},
        .edge = {Support::unsupported, "this plugin leaves EPOLLET out: one event is dispatched in each turn"},
        .sockets = {Support::native},
        .pipes = {Support::native},
        .files = {Support::unsupported, "sd_event_add_io() refuses them"},
        .priority = {Support::native},
        .timeout_resolution = std::chrono::milliseconds(2),
    };
    struct Handle {
        sd_event_source* native = nullptr;
    };

    ~SdEvent() { sd_event_unref(event_); }

    bool open(const OpenRequest&, OpenFailure& failure) {
        const int result = sd_event_new(&event_);
        if (result < 0) failure.set(error_of(result), "sd_event_new");
        return result >= 0;
    }

    void after_fork() noexcept {} // it knows its process

    std::error_code start(Handle& handle, Callback& callback, Ready interest) {
        const std::uint32_t events = (any(interest & Ready::readable) ? EPOLLIN : 0U) |
                                     (any(interest & Ready::writable) ? EPOLLOUT : 0U) |
                                     (any(interest & Ready::priority) ? EPOLLPRI : 0U);
        const int result = sd_event_add_io(event_, &handle.native, callback.source(), events, report, &callback);
        return result < 0 ? error_of(result) : std::error_code();
    }

    void stop(Handle& handle) noexcept { sd_event_source_disable_unref(handle.native); }

    std::error_code run(Timeout timeout) {
        using std::chrono::microseconds;
        const auto wait =
            timeout ? static_cast<std::uint64_t>(std::chrono::ceil<microseconds>(*timeout).count()) : UINT64_MAX;
        const int result = sd_event_run(event_, timeout && *timeout < timeout->zero() ? 0 : wait);
        return result < 0 ? error_of(result) : std::error_code();
    }

    static int report(sd_event_source*, int, std::uint32_t seen, void* callback) {
        const bool is_over = (seen & (EPOLLHUP | EPOLLERR)) != 0;
        (*static_cast<Callback*>(callback))(((seen & EPOLLIN) || is_over ? Ready::readable : Ready::none) |
                                            ((seen & EPOLLOUT) || is_over ? Ready::writable : Ready::none) |
                                            (seen & EPOLLPRI ? Ready::priority : Ready::none) |
                                            (seen & EPOLLHUP ? Ready::closed : Ready::none) |
                                            (seen & EPOLLERR ? Ready::failed : Ready::none));
        return 0;
    }

    static std::error_code error_of(int result) { return {-result, std::generic_category()}; }

    sd_event* event_ = nullptr;
};

} // namespace

POLLUX_DESCRIBE_PLUGIN("sd_event", -100, "sd-event of systemd " LIBRARY_VERSION);
const Plugin pollux_plugin =
    toolkit::plugin_of(pollux_description, toolkit::open_selector<CallbackSelector<SdEvent>>, &SdEvent::capabilities);
