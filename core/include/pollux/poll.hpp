// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>
#include <pollux/time/clock.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace pollux {

/// Only Source satisfies IsSource. A type that converts to it does not: the native_handle() of a std::thread is an
/// integer as well.
template <typename T>
concept IsSource = std::same_as<std::remove_cvref_t<T>, Source>;

/// Source satisfies NamesSource, and so does a class that converts to it, such as Boost.Asio's on Windows.
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

/// A type that can be watched is Watchable: Source, or the type of an object that owns a Source and returns it from
/// native_handle() or fd(), such as a Boost.Asio socket.
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

/// An Events object holds the events of one Poll::poll(). A program makes one and uses it for all calls; only its
/// constructor allocates.
class Events {
  public:
    /// Allocates space for `capacity` events in one poll(); poll() returns invalid_argument if it is zero.
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
    std::error_code error_; // of the last select(): to make one for each call costs more than poll()'s own bookkeeping
};

/// A PollRegistrator registers watches with a Poll and wakes it: a handle that any thread may copy and keep, and that
/// may outlive the Poll.
///
/// Threads: Any thread may make any call; one thread at a time may use an object, as with any value type.
/// Errors:  those of Registrator;
///          operation_canceled, from then on, after the Poll was closed                 [poll.close_wakes]
///          or destroyed;                                                               [poll.registrator_outlives]
///          no_such_process in a forked child, until it calls Poll::reopen().
class PollRegistrator {
  public:
    [[nodiscard]] std::error_code add(Watchable auto&& source, const Watch& watch) const noexcept {
        return add_source(source_of(source), watch);
    }
    [[nodiscard]] std::error_code modify(Watchable auto&& source, const Watch& watch) const noexcept {
        return modify_source(source_of(source), watch);
    }
    [[nodiscard]] std::error_code remove(Watchable auto&& source) const noexcept {
        return remove_source(source_of(source));
    }
    [[nodiscard]] std::error_code wake() const noexcept;

    /// Closes the Poll, the same as Poll::close().
    [[nodiscard]] std::error_code close() const noexcept;

  private:
    friend class Poll;
    class Gate;
    explicit PollRegistrator(std::shared_ptr<Gate> gate) noexcept : gate_(std::move(gate)) {}

    [[nodiscard]] std::error_code add_source(Source source, const Watch& watch) const noexcept;
    [[nodiscard]] std::error_code modify_source(Source source, const Watch& watch) const noexcept;
    [[nodiscard]] std::error_code remove_source(Source source) const noexcept;

    std::shared_ptr<Gate> gate_;
};

/// A ReopenAdds states which watches Poll::reopen() adds to a new Selector.
enum class ReopenAdds {
    /// All watches of the Poll, which keeps a table of them: 16 bytes for each file descriptor up to the highest.
    all_watches,
    /// None, and the Poll keeps no table: for an owner that has one of its own, such as Loop.
    nothing
};

/// A Poll owns a Selector and is what most programs use.
///
///     pollux::Poll poll;                                   // opens the backend that POLLUX_BACKEND names
///     poll.registrator().add(0, {pollux::Token{1}, pollux::Ready::readable});
///     pollux::Events events;
///     while (!poll.poll(events))
///         for (const auto& event : events) ...
///
/// Threads:   One thread at a time calls poll(), reopen() and the destructor; any thread calls registrator() and
///            close(). If two threads are in poll(), reopen() or the destructor at once, a debug
///            build of the library (without NDEBUG) ends the process, with a line on standard
///            error.                                                                    [poll.wrong_thread]
///            A thread in poll() must not be cancelled by pthread_cancel(3): with glibc that ends the process, by
///            SIGABRT, while the thread waits or, over io_uring, after it has waited. Disable cancellation around
///            poll() by pthread_setcancelstate(3), and end the wait by close() or a wake.
/// Lifetime:  The Selector is closed when the Poll is destroyed or assigned to, even if handles are kept. A Poll that
///            was moved from can only be destroyed or assigned to.
/// Processes: It belongs to the process that opened it. In a forked child it may be destroyed or
///            reopened; all other calls return no_such_process and do nothing.          [poll.forked]
class Poll {
  public:
    /// Opens the first backend of `request` that can be opened.
    /// Errors: OpenError, with the report of all that was tried; std::bad_alloc.
    explicit Poll(const Request& request = {}, ReopenAdds adds = ReopenAdds::all_watches);
    /// Takes ownership of `selector`, such as a layer or the program's own Selector; not null.
    explicit Poll(std::unique_ptr<Selector> selector, ReopenAdds adds = ReopenAdds::all_watches);
    /// Opens a backend as the first constructor does, but returns no Poll instead of throwing. `choice` is the report
    /// in either case, as far as it was made; choice() of the Poll is a copy.           [poll.open]
    ///
    /// Errors: no_such_device     no backend of `request` could be opened: choice.text() states why
    ///         not_enough_memory
    [[nodiscard]] static std::optional<Poll> open(const Request& request, Choice& choice, std::error_code& error,
                                                  ReopenAdds adds = ReopenAdds::all_watches) noexcept;
    ~Poll();
    Poll(Poll&& other) noexcept;
    Poll& operator=(Poll&& other) noexcept;

    /// Waits until a source is ready or `timeout` is over, and replaces the contents of `events`. Unlike select(), it
    /// waits for the whole time: a signal does not end it. If there is no event and no error, the time is over.
    ///
    /// Errors: operation_canceled  the Poll is closed; returned by each later call, too [poll.close_wakes]
    ///         no_such_process     another process opened the Poll                      [poll.forked]
    ///         and those of Selector::select()
    [[nodiscard]] std::error_code poll(Events& events, Timeout timeout = forever);

    /// Ends a sleeping poll(). Each later call returns operation_canceled.              [poll.close_wakes]
    ///
    /// Errors: those of Registrator::wake(): the Poll is closed, but a sleeping poll() may not return.
    ///         Call it again: each call wakes.                                          [poll.close_again]
    [[nodiscard]] std::error_code close() noexcept { return registrator_.close(); }

    /// Replaces the Selector by a new one of the same backend, with all watches:
    /// for a forked child, which shares the kernel objects of the old Selector with its
    /// parent and does not change them,                                                 [poll.reopen_in_child]
    /// or in the same process, to replace the kernel objects.                           [poll.reopen]
    ///
    /// Each PollRegistrator of this Poll refers to the new Selector from then on. Each source that is ready is reported
    /// again, in each mode. A one-shot watch is armed again, even if it is spent, as neither process knows which events
    /// the other has received. A source that was closed while registered loses its watch. The next poll() may report a
    /// wake for which no thread has called wake(). Calls of other threads wait until reopen() is done.
    ///
    /// Errors: the Poll is unchanged                                                    [poll.reopen_fails]
    ///         operation_not_supported  the Selector was passed to the constructor: pass a new one
    ///         invalid_argument         `selector` is null
    ///         operation_canceled       the Poll is closed
    ///         and those of opening the backend, of Registrator::add() and of Registrator::wake()
    [[nodiscard]] std::error_code reopen() noexcept;
    [[nodiscard]] std::error_code reopen(std::unique_ptr<Selector> selector) noexcept;

    const PollRegistrator& registrator() const noexcept { return registrator_; }

    /// Returns the clock by which timeouts of poll() end: that of the Selector, if it has the extension
    /// time::ClockSource, else the steady clock. After reopen() it is that of the new Selector; a copy of the old one
    /// must not be used any more.                                                       [poll.clock]
    /// Threads: those of poll(). Lifetime: that of the Poll.
    const time::Clock& clock() const noexcept { return clock_; }

    /// Returns which backend was opened, and why; empty if a Selector was passed to the constructor.
    const Choice& choice() const noexcept { return choice_; }

    /// Returns what the Selector can do: with layers, those of the outermost one.
    /// Threads: those of poll(). Lifetime: until reopen() or the destructor.
    const Capabilities& capabilities() const noexcept { return selector_->capabilities(); }

    /// Returns the extension of type `E` of the Selector, or null if it has none: see Selector::extension().
    /// Threads: those of poll(). Lifetime: until reopen() or the destructor.            [poll.extension]
    template <typename E>
    E* extension() const noexcept {
        return extension_of<E>(*selector_);
    }

  private:
    Poll(std::unique_ptr<Selector> selector, Choice&& choice, ReopenAdds adds);
    static std::shared_ptr<PollRegistrator::Gate> gate_to(Selector& selector, ReopenAdds adds);
    [[nodiscard]] std::error_code replace(std::unique_ptr<Selector> selector) noexcept;
    bool select_once(Events& events, const Timeout& timeout);
    [[nodiscard]] std::error_code poll_until(Events& events, std::chrono::nanoseconds timeout);

    Choice choice_;
    std::unique_ptr<Selector> selector_;
    PollRegistrator registrator_;
    time::Clock clock_;
};

} // namespace pollux
