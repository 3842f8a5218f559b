// SPDX-License-Identifier: BSL-1.0
// GLib, judged by the suite as a backend: a GSource of g_unix_fd_source_new() for each source, in a GMainContext.
#include <pollux/callback_selector.hpp>

#include <glib-unix.h>
#include <glib.h>

namespace {

using namespace pollux;

struct Glib {
    static constexpr Capabilities capabilities{
        .oneshot = {Support::emulated, "g_source_destroy() after each event"},
        .level = {Support::native},
        .edge = {Support::unsupported, "poll(2) reports states, not arrivals"},
        .sockets = {Support::native},
        .pipes = {Support::native},
        .files = {Support::native},
        .priority = {Support::native},
        .timeout_resolution = std::chrono::milliseconds(3), // GMainContext waits whole ones
    };
    struct Handle {
        GSource* native = nullptr;
    };

    ~Glib() {
        if (context_) g_main_context_unref(context_);
    }

    bool open(const OpenRequest&, OpenFailure&) {
        context_ = g_main_context_new();
        return true;
    }

    void after_fork() noexcept {} // poll(2) shares nothing

    std::error_code start(Handle& handle, Callback& callback, Ready interest) {
        const int conditions = (any(interest & Ready::readable) ? G_IO_IN : 0) |
                               (any(interest & Ready::writable) ? G_IO_OUT : 0) |
                               (any(interest & Ready::priority) ? G_IO_PRI : 0) | G_IO_HUP | G_IO_ERR;
        handle.native = g_unix_fd_source_new(callback.source(), static_cast<GIOCondition>(conditions));
        g_source_set_callback(handle.native, G_SOURCE_FUNC(report), &callback, nullptr);
        g_source_attach(handle.native, context_);
        return {};
    }

    void stop(Handle& handle) noexcept {
        g_source_destroy(handle.native);
        g_source_unref(handle.native);
    }

    std::error_code run(Timeout timeout) {
        GSource* timer = nullptr;
        if (timeout && *timeout > timeout->zero()) {
            timer = g_timeout_source_new(static_cast<guint>(posix::to_milliseconds(*timeout)));
            g_source_set_callback(
                timer, [](void*) { return G_SOURCE_REMOVE; }, nullptr, nullptr);
            g_source_attach(timer, context_);
        }
        g_main_context_iteration(context_, !timeout || *timeout > timeout->zero());
        if (timer) {
            g_source_destroy(timer);
            g_source_unref(timer);
        }
        return {};
    }

    static gboolean report(int, GIOCondition seen, void* callback) {
        if (seen & G_IO_NVAL) return G_SOURCE_REMOVE; // it was closed
        const bool is_over = (seen & (G_IO_HUP | G_IO_ERR)) != 0;
        (*static_cast<Callback*>(callback))(((seen & G_IO_IN) || is_over ? Ready::readable : Ready::none) |
                                            ((seen & G_IO_OUT) || is_over ? Ready::writable : Ready::none) |
                                            (seen & G_IO_PRI ? Ready::priority : Ready::none) |
                                            (seen & G_IO_HUP ? Ready::closed : Ready::none) |
                                            (seen & G_IO_ERR ? Ready::failed : Ready::none));
        return G_SOURCE_CONTINUE;
    }

    GMainContext* context_ = nullptr;
};

} // namespace

POLLUX_DESCRIBE_PLUGIN("glib", -100, "GMainContext of GLib " LIBRARY_VERSION);
const Plugin pollux_plugin =
    toolkit::plugin_of(pollux_description, toolkit::open_selector<CallbackSelector<Glib>>, &Glib::capabilities);
