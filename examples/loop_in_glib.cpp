// SPDX-License-Identifier: BSL-1.0
// A GLib main loop holds a Loop, as a program with GTK would: a GSource of the descriptor and the next deadline.
//
//     loop_in_glib
//
// Both loops have timers; the Loop also has a pair of sockets, and posts of a thread. The program counts how often GLib
// wakes for the Loop, and fails if a wake-up found no work, or if work was lost.
#include "nesting_work.hpp"

#include <pollux/loop/loop.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <glib.h>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// A LoopSource is a GSource that runs turns of a Loop while it has something to do.
class LoopSource {
  public:
    LoopSource(pollux::loop::Loop& loop, GMainLoop* outer) : loop_(loop), outer_(outer) {
        static GSourceFuncs functions{prepare, check, dispatch, nullptr, nullptr, nullptr};
        source_ = reinterpret_cast<Extended*>(g_source_new(&functions, sizeof(Extended)));
        source_->self = this;
        descriptor_ = loop.descriptor();
        tag_ = g_source_add_unix_fd(&source_->base, descriptor_, G_IO_IN);
        g_source_attach(&source_->base, nullptr);
    }
    ~LoopSource() {
        g_source_destroy(&source_->base);
        g_source_unref(&source_->base);
    }
    LoopSource(const LoopSource&) = delete;
    LoopSource& operator=(const LoopSource&) = delete;

    std::uint64_t turns() const { return turns_; }
    std::uint64_t idle_turns() const { return idle_turns_; }

  private:
    struct Extended {
        GSource base;
        LoopSource* self;
    };
    static LoopSource& of(GSource* source) { return *reinterpret_cast<Extended*>(source)->self; }

    /// Called before GLib sleeps: returns for how long it may.
    static gboolean prepare(GSource* source, gint* timeout) {
        auto& loop = of(source).loop_;
        loop.prepare();
        *timeout = -1;
        if (const auto deadline = loop.next_deadline()) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
            *timeout = static_cast<gint>(std::clamp<decltype(left + 0)>(left, 0, G_MAXINT));
        }
        return *timeout == 0;
    }
    /// Called after GLib has slept: returns whether the Loop has something to do.
    static gboolean check(GSource* source) {
        auto& self = of(source);
        if (g_source_query_unix_fd(source, self.tag_) & G_IO_IN) return TRUE;
        const auto deadline = self.loop_.next_deadline();
        return deadline && *deadline <= Clock::now();
    }
    static gboolean dispatch(GSource* source, GSourceFunc, gpointer) {
        auto& self = of(source);
        const auto before = nesting::work_of(self.loop_);
        const bool is_pending = self.loop_.run_for(0ns);
        ++self.turns_;
        if (nesting::work_of(self.loop_) == before) ++self.idle_turns_;
        if (self.descriptor_ != self.loop_.descriptor()) { // the turn has opened the backend again
            g_source_remove_unix_fd(source, self.tag_);
            self.descriptor_ = self.loop_.descriptor();
            self.tag_ = g_source_add_unix_fd(source, self.descriptor_, G_IO_IN);
        }
        if (!is_pending) g_main_loop_quit(self.outer_);
        return G_SOURCE_CONTINUE;
    }

    pollux::loop::Loop& loop_;
    GMainLoop* outer_;
    Extended* source_;
    pollux::Source descriptor_;
    gpointer tag_;
    std::uint64_t turns_ = 0, idle_turns_ = 0;
};

} // namespace

int main() try {
    pollux::loop::Loop loop;
    nesting::Work work(loop);
    GMainLoop* outer = g_main_loop_new(nullptr, FALSE);
    int ticks = 0; // of GLib
    g_timeout_add(
        3,
        [](gpointer count) -> gboolean {
            return ++*static_cast<int*>(count) < nesting::ticks ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
        },
        &ticks);
    LoopSource source(loop, outer);
    work.start();
    g_main_loop_run(outer);
    while (ticks < nesting::ticks) g_main_context_iteration(nullptr, TRUE);
    g_main_loop_unref(outer);
    return work.report(ticks, source.turns(), source.idle_turns());
} catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
}
