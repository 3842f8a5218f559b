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
///          gone [poll.registrator_outlives].
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
    void close() const noexcept;

  private:
    friend class Poll;
    class Gate;
    explicit PollRegistrator(std::shared_ptr<Gate> gate) noexcept : gate_(std::move(gate)) {}

    std::error_code add_source(Source source, const Watch& watch) const noexcept;
    std::error_code modify_source(Source source, const Watch& watch) const noexcept;
    std::error_code remove_source(Source source) const noexcept;

    std::shared_ptr<Gate> gate_;
};

/// A value that owns a Selector: what programs hold.
///
///     pollux::Poll poll;                                   // opens what POLLUX_BACKEND asks for
///     poll.registrator().add(0, {pollux::Token{1}, pollux::Ready::readable});
///     pollux::Events events;
///     while (!poll.poll(events))
///         for (const auto& event : events) ...
///
/// Threads:  poll() and destruction by one thread at a time; registrator() and close() by any.
/// Lifetime: the Selector is closed when the Poll is destroyed or assigned to, whatever handles are kept. A Poll that
///           was moved from can only be destroyed or assigned to.
class Poll {
  public:
    /// Errors: OpenError with the whole story.
    explicit Poll(const Request& request = {});
    /// Takes any Selector: a layer, one of your own; not null.
    explicit Poll(std::unique_ptr<Selector> selector);
    ~Poll();
    Poll(Poll&& other) noexcept;
    Poll& operator=(Poll&& other) noexcept;

    /// Waits as select() does, but for the whole time: a signal does not end it. The events of the poll() before are
    /// gone. No event and no error: the time is over.
    ///
    /// Errors: operation_canceled  closed, now or before: from then on each time        [poll.close_wakes]
    ///         and those of Selector::select()
    std::error_code poll(Events& events, Timeout timeout = forever);

    /// Ends a sleeping poll(); from now on nothing but operation_canceled comes from here [poll.close_wakes].
    void close() noexcept { registrator_.close(); }

    const PollRegistrator& registrator() const noexcept { return registrator_; }

    /// Which backend this is, and why; says nothing if a Selector was given.
    const Choice& choice() const noexcept { return choice_; }

  private:
    bool look(Events& events, const Timeout& timeout);
    std::error_code poll_until(Events& events, std::chrono::nanoseconds timeout);

    Choice choice_;
    std::unique_ptr<Selector> selector_;
    PollRegistrator registrator_;
};

} // namespace pollux
