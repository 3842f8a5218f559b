// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/notify/token_queue.hpp>

namespace pollux::notify {

struct TokenChannel;

/// A Sender is the producers' end of a token channel. Copies are cheap, and queue into the same channel.
///
/// Threads, Lifetime: as for Notifier. When the last Sender is destroyed, recv() returns an error.
class Sender {
  public:
    Sender(const Sender& other) noexcept;
    Sender(Sender&&) noexcept = default;
    Sender& operator=(Sender other) noexcept {
        queue_.swap(other.queue_);
        return *this;
    }
    ~Sender();

    /// Queues `token` as Notifier::notify() does, and wakes a Receiver that waits.      [channel.wakes]
    ///
    /// Errors: invalid_argument  the token is not below the capacity; it is not queued  [channel.out_of_range]
    ///         disconnected      the Receiver is destroyed                              [channel.receiver_destroyed]
    [[nodiscard]] std::error_code notify(Token token) const noexcept { return queue_->notify(token); }

  private:
    friend TokenChannel event_channel(std::size_t capacity);
    explicit Sender(std::shared_ptr<TokenQueueState> queue) noexcept : queue_(std::move(queue)) {}

    std::shared_ptr<TokenQueueState> queue_; // a Channel
};

/// A Receiver is the consumer's end of a token channel. Each channel has one, which is moved and not copied.
///
/// Threads:  one thread at a time may call recv() and try_recv().
/// Lifetime: as for Poller.
/// Errors:   disconnected  the last Sender is destroyed, and all is delivered; returned by each later call
///                                                                                      [channel.senders_destroyed]
class Receiver {
  public:
    Receiver(Receiver&&) noexcept = default;
    Receiver& operator=(Receiver&& other) noexcept {
        Receiver taken(std::move(other));
        queue_.swap(taken.queue_);
        return *this;
    }
    ~Receiver();

    /// Moves tokens to `tokens` as Poller::poll() does, and waits until there is one: polls, spins for some
    /// microseconds, then sleeps.
    ///
    /// Errors: those of the class; invalid_argument  there is no room for a token       [channel.empty_buffer]
    [[nodiscard]] std::error_code recv(Tokens& tokens, std::size_t limit = no_limit) noexcept {
        return recv(tokens, forever, limit);
    }

    /// Receives tokens as recv() without a timeout does, but waits for at most `timeout`. Returns no token and no error
    /// when that has passed, never early.                                               [channel.timeout]
    [[nodiscard]] std::error_code recv(Tokens& tokens, Timeout timeout, std::size_t limit = no_limit) noexcept;

    /// Receives tokens as recv() does, but is non-blocking: returns no token and no error if none is queued.
    ///                                                                                  [channel.try_recv]
    [[nodiscard]] std::error_code try_recv(Tokens& tokens, std::size_t limit = no_limit) noexcept;

  private:
    friend TokenChannel event_channel(std::size_t capacity);
    explicit Receiver(std::shared_ptr<TokenQueueState> queue) noexcept : queue_(std::move(queue)) {}

    std::shared_ptr<TokenQueueState> queue_; // a Channel
};

/// A TokenChannel holds the two ends of a token channel.
struct TokenChannel {
    Sender sender;
    Receiver receiver;
};

/// Makes a token channel: a queue whose consumer waits for it, and for nothing else.
///
/// Errors: as for event_queue().
TokenChannel event_channel(std::size_t capacity);

} // namespace pollux::notify
