// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event_queue.hpp>

namespace pollux {

struct EventChannel;

/// The way in to a channel: copies are cheap, and lead into the same channel.
///
/// Threads, Lifetime: as for Notifier. When the last Sender is gone, the Receiver is told.
class Sender {
  public:
    Sender(const Sender& other) noexcept;
    Sender(Sender&&) noexcept = default;
    Sender& operator=(Sender other) noexcept {
        queue_.swap(other.queue_);
        return *this;
    }
    ~Sender();

    /// As Notifier::notify(); wakes a Receiver that waits [channel.wakes].
    ///
    /// Errors: invalid_argument  the token is not below the capacity; nothing happened   [channel.out_of_range]
    ///         disconnected      the Receiver is gone                                    [channel.receiver_gone]
    std::error_code notify(Token token) const noexcept { return queue_->notify(token); }

  private:
    friend EventChannel event_channel(std::size_t capacity);
    explicit Sender(std::shared_ptr<TokenQueue> queue) noexcept : queue_(std::move(queue)) {}

    std::shared_ptr<TokenQueue> queue_; // a Channel
};

/// The way out of a channel: there is one, which is moved and not copied.
///
/// Threads:  recv() and try_recv() by one thread at a time.
/// Lifetime: as for Poller.
/// Errors:   disconnected  the last Sender is gone, and all is delivered; again each time [channel.senders_gone]
class Receiver {
  public:
    Receiver(Receiver&&) noexcept = default;
    Receiver& operator=(Receiver&& other) noexcept {
        Receiver taken(std::move(other));
        queue_.swap(taken.queue_);
        return *this;
    }
    ~Receiver();

    /// Takes as Poller::poll() does, and waits until there is something: looks, looks again for a moment, then sleeps.
    ///
    /// Errors: also invalid_argument, if there is no room for a token                    [channel.no_room]
    std::error_code recv(Tokens& tokens, std::size_t limit = no_limit) noexcept { return recv(tokens, forever, limit); }

    /// The same for so long; no tokens and no error: the time is over, never early [channel.timeout].
    std::error_code recv(Tokens& tokens, Timeout timeout, std::size_t limit = no_limit) noexcept;

    /// The same without waiting [channel.try_recv].
    std::error_code try_recv(Tokens& tokens, std::size_t limit = no_limit) noexcept;

  private:
    friend EventChannel event_channel(std::size_t capacity);
    explicit Receiver(std::shared_ptr<TokenQueue> queue) noexcept : queue_(std::move(queue)) {}

    std::shared_ptr<TokenQueue> queue_; // a Channel
};

struct EventChannel {
    Sender sender;
    Receiver receiver;
};

/// A queue whose consumer waits for it, and for nothing else.
///
/// Errors: as for event_queue().
EventChannel event_channel(std::size_t capacity);

} // namespace pollux
