// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace pollux {

/// A Source and nothing that merely converts to one: the native_handle() of a std::thread is a number too.
template <typename T>
concept IsSource = std::same_as<std::remove_cvref_t<T>, Source>;

/// A Source, or a class around one: so Boost.Asio wraps it on Windows.
template <typename T>
concept NamesSource = IsSource<T> ||(std::is_class_v<std::remove_cvref_t<T>>&& std::convertible_to<T, Source>);

template <typename T>
concept HasNativeHandle = requires(T& owner) {
    { owner.native_handle() } -> NamesSource;
};

template <typename T>
concept HasFd = requires(T& owner) {
    { owner.fd() } -> IsSource;
};

/// What can be watched: a Source, or whatever owns one and shows it as native_handle() or fd(), such as a
/// Boost.Asio socket.
template <typename T>
concept Watchable = IsSource<T> || HasNativeHandle<T> || HasFd<T>;

template <Watchable T>
Source source_of(T&& watched) {
    if constexpr (HasNativeHandle<T>) {
        return watched.native_handle();
    } else if constexpr (HasFd<T>) {
        return watched.fd();
    } else {
        return watched;
    }
}

/// The events of one poll(): make one, use it again and again; nothing is allocated after that.
class Events {
  public:
    /// Room for so many events in one poll(); with none, poll() fails.
    explicit Events(std::size_t capacity = 256) : buffer_(capacity) {}

    Events(Events&& other) noexcept : buffer_(std::move(other.buffer_)), ready_(std::exchange(other.ready_, {})) {}
    Events& operator=(Events&& other) noexcept {
        buffer_ = std::move(other.buffer_);
        ready_ = std::exchange(other.ready_, {});
        return *this;
    }

    auto begin() const noexcept { return ready_.begin(); }
    auto end() const noexcept { return ready_.end(); }
    std::size_t size() const noexcept { return ready_.size(); }
    bool empty() const noexcept { return ready_.empty(); }
    const Event& operator[](std::size_t index) const noexcept { return ready_[index]; }

  private:
    friend class Poll;
    std::vector<Event> buffer_;
    std::span<const Event> ready_;
    std::error_code error_; // of the last look: to make one for each costs more than the look's own bookkeeping
};

/// The way in to a Poll: a handle that any thread may copy and keep, also longer than the Poll lives.
///
/// Threads: every call from any thread; one object of it by one thread at a time, as for any value.
/// Errors:  those of Registrator; and operation_canceled for ever once the Poll is closed [poll.close_wakes] or
///          gone [poll.registrator_outlives]; no_such_process in a forked child, until Poll::reopen() was called there.
class PollRegistrator {
  public:
    std::error_code add(Watchable auto&& source, const Watch& watch) const noexcept {
        return add_source(source_of(source), watch);
    }
    std::error_code modify(Watchable auto&& source, const Watch& watch) const noexcept {
        return modify_source(source_of(source), watch);
    }
    std::error_code remove(Watchable auto&& source) const noexcept { return remove_source(source_of(source)); }
    std::error_code wake() const noexcept;

    /// Closes the Poll, as Poll::close().
    std::error_code close() const noexcept;

  private:
    friend class Poll;
    class Gate;
    explicit PollRegistrator(std::shared_ptr<Gate> gate) noexcept : gate_(std::move(gate)) {}

    std::error_code add_source(Source source, const Watch& watch) const noexcept;
    std::error_code modify_source(Source source, const Watch& watch) const noexcept;
    std::error_code remove_source(Source source) const noexcept;

    std::shared_ptr<Gate> gate_;
};

/// Which watches Poll::reopen() adds to a new Selector.
enum class ReopenAdds {
    /// All that were added through the Poll, which remembers them: 16 bytes for each file descriptor up to the highest.
    all_watches,
    /// None, and nothing is remembered: for a layer that has the watches itself, such as Loop.
    nothing
};

/// A value that owns a Selector: what programs hold.
///
///     pollux::Poll poll;                                   // opens what POLLUX_BACKEND asks for
///     poll.registrator().add(0, {pollux::Token{1}, pollux::Ready::readable});
///     pollux::Events events;
///     while (!poll.poll(events))
///         for (const auto& event : events) ...
///
/// Threads:   poll(), reopen() and destruction by one thread at a time; registrator() and close() by any. A debug build
///            of the library (without NDEBUG) ends the process, with a line on standard error, when two threads are in
///            these calls at once [poll.wrong_thread].
///            A thread in poll() must not be cancelled by pthread_cancel(3): with glibc that ends the process, by
///            SIGABRT, while the thread waits or, over io_uring, after it has waited. Disable cancellation around
///            poll() by pthread_setcancelstate(3), and end the wait by close() or a wake.
/// Lifetime:  the Selector is closed when the Poll is destroyed or assigned to, whatever handles are kept. A Poll that
///            was moved from can only be destroyed or assigned to.
/// Processes: belongs to the process that opened it. In a forked child it may be destroyed or reopened; all other calls
///            return no_such_process and do nothing [poll.forked].
class Poll {
  public:
    /// Errors: OpenError with the whole story.
    explicit Poll(const Request& request = {}, ReopenAdds adds = ReopenAdds::all_watches);
    /// Takes any Selector: a layer, one of your own; not null.
    explicit Poll(std::unique_ptr<Selector> selector, ReopenAdds adds = ReopenAdds::all_watches);
    ~Poll();
    Poll(Poll&& other) noexcept;
    Poll& operator=(Poll&& other) noexcept;

    /// Waits as select() does, but for the whole time: a signal does not end it. The events of the poll() before are
    /// gone. No event and no error: the time is over.
    ///
    /// Errors: operation_canceled  closed, now or before: from then on each time        [poll.close_wakes]
    ///         no_such_process     opened by a parent process                           [poll.forked]
    ///         and those of Selector::select()
    std::error_code poll(Events& events, Timeout timeout = forever);

    /// Ends a sleeping poll(); from now on every call returns operation_canceled [poll.close_wakes].
    ///
    /// Errors: those of Registrator::wake(): the Poll is closed, but a poll() that sleeps may sleep on. Call it again:
    ///         each call wakes [poll.close_again].
    std::error_code close() noexcept { return registrator_.close(); }

    /// Replaces the Selector by a new one of the same backend, with all watches: for a forked child, which shares the
    /// kernel objects of the old one with its parent and leaves them alone [poll.reopen_in_child]; or in the same
    /// process, for a fresh set in the kernel [poll.reopen].
    ///
    /// Every PollRegistrator that is held anywhere leads to the new Selector. Each source that is ready is reported
    /// again, in each mode; a one-shot watch is armed again, spent or not, as no process knows what the other has
    /// taken. A source that was closed while registered has no watch any more. The next poll() may report a wake that
    /// no thread called for. Calls of other threads wait until it is done.
    ///
    /// Errors: the Poll stays as it was                                                 [poll.reopen_fails]
    ///         operation_not_supported  the Selector was given, not opened: give another
    ///         invalid_argument         the other is null
    ///         operation_canceled       the Poll is closed
    ///         what opening the backend fails with, and what Registrator::add() and wake() return
    std::error_code reopen() noexcept;
    std::error_code reopen(std::unique_ptr<Selector> selector) noexcept;

    const PollRegistrator& registrator() const noexcept { return registrator_; }

    /// Which backend this is, and why; says nothing if a Selector was given.
    const Choice& choice() const noexcept { return choice_; }

  private:
    static std::shared_ptr<PollRegistrator::Gate> gate_to(Selector& selector, ReopenAdds adds);
    bool look(Events& events, const Timeout& timeout);
    std::error_code poll_until(Events& events, std::chrono::nanoseconds timeout);

    Choice choice_;
    std::unique_ptr<Selector> selector_;
    PollRegistrator registrator_;
};

} // namespace pollux
