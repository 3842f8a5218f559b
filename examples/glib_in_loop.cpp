// SPDX-License-Identifier: BSL-1.0
// A Loop holds a GMainContext, as a program with a library on GLib would: a hook asks GLib for its file descriptors and
// its timeout before each poll, and lets it dispatch afterwards.
//
//     glib_in_loop
//
// Both loops have timers; the Loop also has a pair of sockets, and posts of a thread, and another thread adds idle
// functions to GLib. The program counts the wake-ups of the Loop, and fails if one found no work, or if work was lost.
#include "nesting_work.hpp"

#include <pollux/loop/loop.hpp>

#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <vector>

#include <glib.h>

namespace {

using namespace std::chrono_literals;
using pollux::Mode;
using pollux::Ready;

/// A HeldContext makes a Loop run a GMainContext.
class HeldContext {
  public:
    HeldContext(pollux::loop::Loop& loop, GMainContext* context) : loop_(loop), context_(context) {
        if (!g_main_context_acquire(context)) throw std::runtime_error("another thread has the GMainContext");
        // GLib always has something to wait for, if only for its own wake-ups: in the background it does not keep run()
        // from returning.
        timer_ = loop.after(1h, [] {});
        timer_.in_background();
        hook_ = loop.on_poll([this] { before_poll(); }, [this] { after_poll(); });
    }
    ~HeldContext() { g_main_context_release(context_); }
    HeldContext(const HeldContext&) = delete;
    HeldContext& operator=(const HeldContext&) = delete;

    const nesting::WakeupCount& wakeups() const { return wakeups_; }

  private:
    /// A Descriptor is a file descriptor of GLib, and what has to be watched there.
    struct Descriptor {
        Ready interest = Ready::none;
        Ready watched = Ready::none;
        pollux::loop::Watcher watcher = {};
    };

    void before_poll() {
        // The defer() of after_poll() is no work, unless GLib had something to dispatch.
        wakeups_.before_poll(dispatched_ ? 0 : 1);
        g_main_context_prepare(context_, &priority_);
        gint timeout = -1;
        for (gint capacity = 0; capacity = static_cast<gint>(fds_.size()), true;) {
            const auto count = g_main_context_query(context_, priority_, &timeout, fds_.data(), capacity);
            fds_.resize(static_cast<std::size_t>(count));
            if (count <= capacity) break;
        }
        watch_descriptors();
        // It is cancelled and not closed: Handle::close() has to be completed, so that this poll would not sleep.
        timeout >= 0 ? timer_.rearm(std::chrono::milliseconds(timeout)) : timer_.cancel();
    }

    void watch_descriptors() {
        for (auto& [fd, descriptor] : descriptors_) descriptor.interest = Ready::none;
        for (auto& fd : fds_) {
            fd.revents = 0;
            auto& interest = descriptors_[fd.fd].interest;
            if (fd.events & G_IO_IN) interest |= Ready::readable;
            if (fd.events & G_IO_OUT) interest |= Ready::writable;
            if (fd.events & G_IO_PRI) interest |= Ready::priority;
        }
        for (auto next = descriptors_.begin(); next != descriptors_.end();) {
            const auto entry = next++;
            const int source = entry->first;
            auto& descriptor = entry->second;
            if (descriptor.interest == Ready::none) {
                descriptors_.erase(entry); // GLib may close it from now on
            } else if (!descriptor.watcher) {
                descriptor.watcher = loop_.watch(source, descriptor.interest, Mode::level,
                                                 [this, source](Ready ready) { report(source, ready); });
                descriptor.watcher.in_background();
            } else if (descriptor.interest != descriptor.watched) {
                descriptor.watcher.change(descriptor.interest);
            } else {
                continue;
            }
            if (const auto kept = descriptors_.find(source); kept != descriptors_.end())
                kept->second.watched = kept->second.interest;
        }
    }

    void report(int source, Ready ready) {
        for (auto& fd : fds_) {
            if (fd.fd != source) continue;
            unsigned seen = 0;
            if (any(ready & Ready::readable)) seen |= G_IO_IN;
            if (any(ready & Ready::writable)) seen |= G_IO_OUT;
            if (any(ready & Ready::priority)) seen |= G_IO_PRI;
            fd.revents |= static_cast<gushort>(seen & fd.events);
            if (any(ready & Ready::closed)) fd.revents |= G_IO_HUP;
            if (any(ready & Ready::failed)) fd.revents |= G_IO_ERR;
        }
    }

    void after_poll() {
        wakeups_.after_poll();
        // In phase `deferred`, when all events of this poll were reported. It is no callback of the program.
        if (const auto error = loop_.defer([this] { dispatch(); })) throw std::system_error(error);
    }

    void dispatch() {
        const bool is_ready = g_main_context_check(context_, priority_, fds_.data(), static_cast<gint>(fds_.size()));
        if (is_ready) g_main_context_dispatch(context_);
        dispatched_ = is_ready;
    }

    pollux::loop::Loop& loop_;
    GMainContext* context_;
    pollux::loop::PollHook hook_;
    pollux::loop::Timer timer_;
    gint priority_ = 0;
    std::vector<GPollFD> fds_;
    std::map<int, Descriptor> descriptors_;
    bool dispatched_ = false;
    nesting::WakeupCount wakeups_{loop_};
};

/// A GlibWork is what GLib has to do: a timeout, and idle functions that a thread adds.
struct GlibWork {
    int ticks = 0;
    std::atomic<int> idles = 0;
};

} // namespace

int main() try {
    pollux::loop::Loop loop(pollux::Request{}, {.measure_time = true});
    nesting::Work work(loop);
    GMainContext* const context = g_main_context_default();
    GlibWork seen;
    auto pending = loop.keep_alive(); // until the timeout of GLib has ended
    struct Timeout {
        GlibWork& seen;
        pollux::loop::KeepAlive& pending;
    } timeout{seen, pending};
    g_timeout_add(
        3,
        [](gpointer data) -> gboolean {
            auto& of = *static_cast<Timeout*>(data);
            if (++of.seen.ticks < nesting::ticks) return G_SOURCE_CONTINUE;
            if (const auto error = of.pending.close()) std::fprintf(stderr, "%s\n", error.message().c_str());
            return G_SOURCE_REMOVE;
        },
        &timeout);
    std::thread thread([&seen, keep_alive = loop.keep_alive()] {
        for (int idle = 1; idle <= nesting::posts; ++idle) {
            g_idle_add(
                [](gpointer data) -> gboolean {
                    ++static_cast<GlibWork*>(data)->idles;
                    return G_SOURCE_REMOVE;
                },
                &seen);
            while (seen.idles < idle) std::this_thread::yield();
        }
    });
    std::uint64_t wakeups = 0, idle = 0;
    {
        const HeldContext held(loop, context);
        work.start();
        loop.run_for(60s);
        wakeups = held.wakeups().count();
        idle = held.wakeups().idle();
    }
    thread.join();
    std::printf("%d idle functions of GLib; ", seen.idles.load());
    return work.report(seen.ticks, wakeups, idle);
} catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
}
