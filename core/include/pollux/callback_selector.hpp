// SPDX-License-Identifier: BSL-1.0
#pragma once

#ifndef _WIN32

#include <pollux/callback.hpp>
#include <pollux/pending_wake.hpp>
#include <pollux/posix.hpp>
#include <pollux/process.hpp>
#include <pollux/standard_streams.hpp>
#include <pollux/time/deadline.hpp>
#include <pollux/toolkit.hpp>
#include <pollux/turns.hpp>
#include <pollux/wake_pair.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

namespace pollux {

/// A CallbackSelector is a Selector over an event library that calls back, such as libuv, libevent or GLib: for authors
/// of plugins. It has what such libraries leave out: changes by any thread while another one sleeps in the library,
/// wakes, one-shot watches, turns among sources if more are ready than a buffer has room for, timeouts that end before
/// their time, and forked children.
///
///     add, modify, remove ──▶ run() ends ──▶ start(), stop() ──▶ run() goes on
///     select() ──▶ run() ──callbacks──▶ conditions, the least recently reported first ──▶ events
///
/// `Library` is a class of five functions. One thread at a time calls them, not always the same, and none from inside a
/// callback. `pollux new --callback` writes one that works, by poll(2):
///
///     struct Library {
///         static constexpr Capabilities capabilities{...};
///
///         /// Opens the library. Sets the failure and returns false if it fails.
///         bool open(const OpenRequest&, OpenFailure&);
///         /// Closes it, after stop() of each source.
///         ~Library();
///
///         /// Watches `callback.source()`: until stop(), each run() calls `callback` while a condition of `interest`
///         /// holds; `interest` is never none. On failure nothing is watched. A Handle is what the library needs for
///         /// each source, constructed without arguments; its address is stable.
///         struct Handle {};
///         std::error_code start(Handle&, Callback& callback, Ready interest);
///         /// Ends that; the source may have been closed. Neither the handle nor the callback is used afterwards.
///         void stop(Handle&) noexcept;
///         /// Waits until a callback was called, at most for `timeout`; may return early. Zero: does not wait.
///         std::error_code run(Timeout timeout);
///     };
///
/// It may have a sixth, `void after_fork() noexcept`, after which a forked child can destroy it without effect on its
/// parent. Without it the child keeps the library's file descriptors open.
///
/// An exception of these functions becomes not_enough_memory or io_error.
///
/// A change by another thread interrupts run() and waits until it has returned. So add() returns the library's error,
/// and a source may be closed once remove() has returned.
template <typename Library>
class CallbackSelector final : public Selector, private Registrator {
  public:
    CallbackSelector() = default;
    ~CallbackSelector() override {
        if (state_ && !owner_.is_current()) close_in_child();
    }

    bool open(const OpenRequest& request, OpenFailure& failure) {
        const posix::StandardStreams taken;
        auto state = std::make_unique<State>();
        if (!state->library.open(request, failure)) return false;
        state->is_open = true;
        state->ready.reserve(state->own.size());
        for (auto& own : state->own) {
            if (const auto error = own.pair.open()) return failure.set(error, "socketpair"), false;
            own.watched = std::make_unique<Watched>(own.pair.reader(), state->called);
            if (const auto error = own.watched->start(state->library, {wake_token, Ready::readable, Mode::level}))
                return failure.set(error, "watch of the wake"), false;
        }
        state_ = std::move(state);
        return true;
    }

    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return Library::capabilities; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        error = !owner_.is_current() ? make_error_code(std::errc::no_such_process)
                : buffer.empty()     ? make_error_code(std::errc::invalid_argument)
                                     : std::error_code();
        if (error) return {};
        const time::Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));
        for (;;) {
            const auto left = timeout ? Timeout(deadline.left()) : forever;
            // Libraries do not notice that a program has closed all descriptors, or end it.
            for (const auto& own : state_->own) {
                if ((error = own.pair.check_open())) return {};
            }
            turns_.begin();
            error = run(left);
            const auto count = turns_.end([&](bool interrupted) { return report(interrupted, buffer, error); });
            const bool is_interrupted = error == std::errc::interrupted; // by a signal: neither an event nor an error
            if (is_interrupted) error.clear();
            if (count != 0 || error || is_interrupted) return buffer.first(error ? 0 : count);
            if (left == Timeout(std::chrono::nanoseconds::zero())) return {};
        }
    }

  private:
    static constexpr Ready promises = Ready::readable | Ready::writable | Ready::priority;

    /// A Watched is a watch, and the library's handle while its source is watched: not if it is paused or spent.
    class Watched final : public Callback {
      public:
        Watched(Source source, Callback*& called) noexcept : Callback(source, called) {}

        [[nodiscard]] std::error_code start(Library& library, const Watch& requested) {
            if (any(requested.interest & promises)) {
                if (const std::error_code error = library.start(handle_, *this, requested.interest & promises))
                    return error;
                is_started_ = true;
            }
            watch = requested;
            return {};
        }
        void stop(Library& library) noexcept {
            if (std::exchange(is_started_, false)) library.stop(handle_);
        }
        using Callback::collect;

        Watch watch{};
        std::uint64_t reported = 0; // the number of events before its last one

      private:
        typename Library::Handle handle_{};
        bool is_started_ = false;
    };

    /// An Own is a pair that ends run(), and its watch.
    struct Own {
        posix::WakePair pair;
        std::unique_ptr<Watched> watched;
    };
    enum : std::size_t { wakes, interrupts };

    /// A Report is a watch whose source is ready.
    struct Report {
        Watched* watched;
        Ready conditions;
    };

    struct State {
        ~State() {
            if (!is_open) return;
            for (auto& [source, watched] : watches) watched.stop(library);
            for (auto& each : own) {
                if (each.watched) each.watched->stop(library);
            }
        }

        Library library;
        bool is_open = false;
        Callback* called = nullptr;
        std::unordered_map<Source, Watched> watches;
        std::array<Own, 2> own;
        std::vector<Report> ready; // has room for all watches
        State* next = nullptr;     // of those abandoned
    };

    [[nodiscard]] std::error_code add(Source source, const Watch& watch) noexcept override {
        if (const auto error = validate(source, watch)) return error;
        return change([&](State& state) {
            if (state.watches.contains(source)) return make_error_code(std::errc::file_exists);
            if (const auto error = validate_file(source, watch)) return error;
            state.ready.reserve(state.watches.size() + 1 + state.own.size());
            auto& watched = state.watches.try_emplace(source, source, state.called).first->second;
            const auto erase = [&] { state.watches.erase(source); };
            return start_or(erase, watched, watch);
        });
    }

    [[nodiscard]] std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (const auto error = validate(source, watch)) return error;
        return change([&](State& state) {
            const auto found = state.watches.find(source);
            if (found == state.watches.end()) return not_watched();
            if (const auto error = validate_file(source, watch)) return error;
            auto& watched = found->second;
            const auto before = watched.watch;
            watched.stop(state.library);
            const auto restore = [&] { static_cast<void>(watched.start(state.library, before)); };
            return start_or(restore, watched, watch);
        });
    }

    [[nodiscard]] std::error_code remove(Source source) noexcept override {
        return change([&](State& state) {
            const auto found = state.watches.find(source);
            if (found == state.watches.end()) return not_watched();
            found->second.stop(state.library);
            state.watches.erase(found);
            return std::error_code();
        });
    }

    [[nodiscard]] std::error_code wake() noexcept override {
        if (!owner_.is_current()) return make_error_code(std::errc::no_such_process);
        return pending_.wake([this] { return state_->own[wakes].pair.send(); });
    }

    [[nodiscard]] static std::error_code not_watched() noexcept {
        return make_error_code(std::errc::no_such_file_or_directory);
    }

    /// Returns why the source cannot be watched in this way; no error if it can, unless the library refuses it.
    [[nodiscard]] static std::error_code validate(Source source, const Watch& watch) noexcept {
        const auto error = toolkit::validate(watch, Library::capabilities);
        return error ? error : posix::check(fcntl(source, F_GETFD));
    }

    /// The same for files and directories.
    [[nodiscard]] static std::error_code validate_file(Source source, const Watch& watch) noexcept {
        struct stat status {};
        if (fstat(source, &status) == -1) return posix::check(-1);
        if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return {};
        if (!Library::capabilities.files) return make_error_code(std::errc::operation_not_permitted);
        // Some report POLLPRI once, to a call that may be interrupted.
        return any(watch.interest & Ready::priority) ? make_error_code(std::errc::operation_not_supported)
                                                     : std::error_code();
    }

    /// Starts a watch; if that fails, undoes the change.
    [[nodiscard]] std::error_code start_or(auto&& undo, Watched& watched, const Watch& watch) {
        const auto error = toolkit::error_of([&] { return watched.start(state_->library, watch); });
        if (error) undo();
        return error;
    }

    [[nodiscard]] std::error_code change(auto&& make) noexcept {
        if (!owner_.is_current()) return make_error_code(std::errc::no_such_process);
        return toolkit::error_of([&] {
            return turns_.change([this] { return state_->own[interrupts].pair.send(); }, [&] { return make(*state_); });
        });
    }

    [[nodiscard]] std::error_code run(Timeout timeout) noexcept {
        return toolkit::error_of([&] { return state_->library.run(timeout); });
    }

    /// Reports what was called in this turn.
    std::size_t report(bool was_interrupted, std::span<Event> buffer, std::error_code& error) noexcept {
        auto& state = *state_;
        state.ready.clear();
        for (auto* next = std::exchange(state.called, nullptr); next;) {
            auto& watched = static_cast<Watched&>(*next);
            const auto conditions = watched.collect(next);
            if (&watched == state.own[interrupts].watched.get()) {
                was_interrupted = true;
            } else {
                state.ready.push_back({&watched, conditions});
            }
        }
        if (was_interrupted && !error) error = state.own[interrupts].pair.drain();
        if (error) return 0;
        // The library reports those again that are left out: they are still ready, or are no event.
        if (state.ready.size() > buffer.size()) {
            std::ranges::sort(state.ready, {}, [](const Report& report) { return report.watched->reported; });
            state.ready.resize(buffer.size());
        }
        const auto is_wake = [](const Report& report) { return report.watched->watch.token == wake_token; };
        if (std::ranges::any_of(state.ready, is_wake)) {
            if ((error = state.own[wakes].pair.drain())) return 0; // before a one-shot watch is spent
            pending_.collect(); // after drain(): a wake that is merged into this event leaves no other
        }
        std::size_t count = 0;
        for (const auto& each : state.ready) {
            auto& [watched, conditions] = each;
            watched->reported = ++reported_;
            if (watched->watch.mode == Mode::oneshot) watched->stop(state.library);
            buffer[count++] = {watched->watch.token, is_wake(each) ? Ready::none : conditions};
        }
        return count;
    }

    /// In a forked child, where the library would change what it shares with the parent: closes the descriptors that
    /// this class opened. Unless Library has after_fork(), those of the library stay open, and all else is kept where
    /// leak detectors find it; also if another thread of the parent was inside the library.
    void close_in_child() noexcept {
        for (auto& own : state_->own) own.pair.close();
        if constexpr (requires { state_->library.after_fork(); }) {
            if (!turns_.was_running_at_fork()) {
                state_->library.after_fork();
                return;
            }
        }
        auto* const state = state_.release();
        state->next = abandoned_.load(std::memory_order_relaxed);
        while (!abandoned_.compare_exchange_weak(state->next, state, std::memory_order_release)) {}
    }

    static inline std::atomic<State*> abandoned_ = nullptr;

    OwnerProcess owner_;
    PendingWake<> pending_;
    std::unique_ptr<State> state_; // of the thread in a turn, or of the one that makes a change
    std::uint64_t reported_ = 0;   // events
    Turns turns_;
};

} // namespace pollux

#endif
