// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "watch_table.hpp"

#include <pollux/mutex.hpp>
#include <pollux/poll.hpp>
#include <pollux/process.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <system_error>
#include <thread>

namespace pollux {

/// A Gate is shared by a Poll and its handles: it holds the Registrator, its watches, and the count of calls under way.
///
/// One word counts the calls under way and has a flag for a closed Poll, so that a Poll can wait for the last call
/// before it destroys or replaces the Selector, and no call begins after that. A call costs two uncontended atomic
/// additions.
///
/// Threads:   any, except for replace(), which one thread calls at a time.
/// Processes: in a forked child, where the calls of other threads never end, nothing is counted and no call is made
///            before replace().
class PollRegistrator::Gate {
  public:
    /// Errors: std::bad_alloc
    Gate(Registrator& registrator, bool remembers);

    bool is_closed() const noexcept { return (state_.load(std::memory_order_acquire) & closed) != 0; }
    bool is_foreign() const noexcept { return !owner_.load(std::memory_order_acquire).is_current(); }

    /// Calls the Registrator, unless one of the bits `refused` is set.
    std::error_code pass(auto&& call, std::uint32_t refused = closed | gone) noexcept {
        for (;;) {
            // Without this check, callers that call again and again could keep close_for_good() waiting.
            if ((state_.load(std::memory_order_acquire) & refused) != 0) {
                return make_error_code(std::errc::operation_canceled);
            }
            if (is_foreign()) return make_error_code(std::errc::no_such_process);
            const auto before = state_.fetch_add(one_call, std::memory_order_acquire);
            if ((before & (refused | replacing)) == 0) break;
            leave();
            if ((before & replacing) != 0) wait_until_replaced();
        }
        const auto error = call(*registrator_);
        leave();
        return error;
    }

    std::error_code add(Source source, const Watch& watch) noexcept;
    std::error_code modify(Source source, const Watch& watch) noexcept;
    std::error_code remove(Source source) noexcept;
    std::error_code wake() noexcept {
        return pass([](Registrator& registrator) { return registrator.wake(); });
    }

    /// Closes the Poll and ends a sleeping poll(). Returns the error of the wake: each further call wakes again.
    std::error_code close() noexcept;
    /// Closes the Poll, and returns when no call is under way.
    void close_for_good() noexcept;

    /// Notes which sources are closed, for replace() to leave out; with `check` unset, that none is known to be. It has
    /// to be called before the new Selector opens descriptors, as those may have the numbers of closed sources: of
    /// sources that were closed while registered, or, in a child of fork(2), that another thread had opened and added
    /// while the kernel copied first the descriptors and then the memory.
    void note_closed(bool check) noexcept;

    /// Adds all watches to a new Selector, wakes it, and directs all calls to it from now on; or returns an error and
    /// changes nothing. Waits for the calls that are under way.
    std::error_code replace(Registrator& fresh) noexcept;

    /// A SoleCall marks a call that one thread at a time may make, while it lives. A debug build of the library ends
    /// the process, with one line on standard error, if another thread is in such a call; a release build does not
    /// check.
    class SoleCall;

  private:
#ifndef NDEBUG
    std::atomic<std::thread::id> sole_caller_ = std::thread::id();
#endif
    static constexpr std::uint32_t closed = 1, gone = 2, replacing = 4, one_call = 8;

    void leave() noexcept;
    void wait_until_replaced() noexcept;
    void reset_in_child() noexcept;
    void end_replacing() noexcept;
    std::error_code fill(Registrator& fresh) noexcept;

    Registrator* registrator_;
    const std::unique_ptr<WatchTable> watches_; // null: the owner of the Poll remembers them
    std::atomic<std::uint32_t> state_ = 0;
    std::atomic<OwnerProcess> owner_ = OwnerProcess();
    // Used by close_for_good() and replace() only. Not state_.wait(): without a futex, as on Windows, libstdc++ 12
    // loses its wake-ups (__waiter_pool::_M_do_wait in bits/atomic_wait.h compares before it locks).
    Mutex mutex_;
    std::condition_variable changed_;
};

#ifdef NDEBUG
class PollRegistrator::Gate::SoleCall {
  public:
    SoleCall(Gate&, const char*) noexcept {}
};
#else
class PollRegistrator::Gate::SoleCall {
  public:
    /// `call`: its name, such as "poll()".
    SoleCall(Gate& gate, const char* call) noexcept;
    ~SoleCall() { caller_.store(before_, std::memory_order_relaxed); }
    SoleCall(const SoleCall&) = delete;
    SoleCall& operator=(const SoleCall&) = delete;

  private:
    std::atomic<std::thread::id>& caller_;
    std::thread::id before_;
};
#endif

} // namespace pollux
