// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/notify/internal/token_ring.hpp>
#include <pollux/notify/tokens.hpp>
#include <pollux/registrator.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

namespace pollux::notify {

struct TokenQueue;

/// A TokenQueueState holds what the two ends of a queue share. Internal.
class TokenQueueState {
  public:
    TokenQueueState(std::size_t capacity, bool bound) : ring(capacity), can_sleep(bound) {}
    virtual ~TokenQueueState() = default;

    [[nodiscard]] std::error_code notify(Token token) noexcept {
        const auto pushed = ring.push(token);
        if (pushed <= Pushed::conflated) return no_error;
        return pushed == Pushed::wakes ? wake_or_retry() : refusal(pushed);
    }

    [[nodiscard]] virtual std::error_code wake() noexcept { return no_error; }

    /// Makes the next notification wake the consumer, or wakes it at once if tokens are left.
    void arrange_wake() noexcept;

    TokenRing<RealMemory> ring;
    const bool can_sleep;

  private:
    [[nodiscard]] std::error_code wake_or_retry() noexcept;
    [[nodiscard]] static std::error_code refusal(Pushed pushed) noexcept;
};

/// A Notifier is the producers' end of a token queue. Copies are cheap, and queue into the same queue.
///
/// Threads:  any thread may call notify(), even of one object; copying, moving and destruction as for any value.
/// Lifetime: may outlive the Poller. An object that was moved from can only be destroyed or assigned to.
class Notifier {
  public:
    /// Queues `token`, unless it is queued already.                                     [notify.conflates]
    /// It is delivered once, after all that were queued before it.                      [notify.fifo]
    ///
    /// Errors: invalid_argument  the token is not below the capacity; it is not queued  [notify.out_of_range]
    ///         disconnected      the Poller is destroyed                                [notify.consumer_destroyed]
    ///         and those of the wake of a queue that is bound to a Selector: the token is queued, and the next
    ///         notification wakes again                                                 [notify.wake_fails]
    [[nodiscard]] std::error_code notify(Token token) const noexcept { return queue_->notify(token); }

  private:
    friend TokenQueue ends_of(const std::shared_ptr<TokenQueueState>& queue);
    explicit Notifier(std::shared_ptr<TokenQueueState> queue) noexcept : queue_(std::move(queue)) {}

    std::shared_ptr<TokenQueueState> queue_;
};

/// A Poller is the consumer's end of a token queue. Each queue has one, which is moved and not copied.
///
/// Threads:  one thread at a time may call poll().
/// Lifetime: may outlive the Notifiers. An object that was moved from can only be destroyed or assigned to.
class Poller {
  public:
    Poller(Poller&&) noexcept = default;
    Poller& operator=(Poller&& other) noexcept {
        Poller taken(std::move(other));
        queue_.swap(taken.queue_);
        return *this;
    }
    ~Poller() {
        if (queue_) queue_->ring.close();
    }

    /// Moves the oldest tokens to `tokens`, at most `limit` and as many as it has room for, in place of those that it
    /// holds, and returns how many. Non-blocking.
    /// The rest stays in the queue, in order.                                           [notify.limit]
    /// A token that is notified again is queued after all others.                       [notify.fair]
    ///
    /// If the queue is bound to a Selector, the next notification wakes select(),       [notify.wakes_select]
    /// or, if tokens are left, this call itself wakes the next select().                [notify.rest_wakes_select]
    /// If that wake fails, the next notification wakes again.
    std::size_t poll(Tokens& tokens, std::size_t limit = no_limit) noexcept {
        auto& ring = queue_->ring;
        tokens.size_ = ring.is_empty() ? 0 : ring.take(tokens.room(limit));
        if (queue_->can_sleep) queue_->arrange_wake();
        return tokens.size_;
    }

  private:
    friend TokenQueue ends_of(const std::shared_ptr<TokenQueueState>& queue);
    explicit Poller(std::shared_ptr<TokenQueueState> queue) noexcept : queue_(std::move(queue)) {}

    std::shared_ptr<TokenQueueState> queue_;
};

/// A TokenQueue holds the two ends of a token queue.
struct TokenQueue {
    Notifier notifier;
    Poller poller;
};

/// Makes the ends of a queue. Internal.
TokenQueue ends_of(const std::shared_ptr<TokenQueueState>& queue);

/// Makes a queue for the tokens below `capacity`, which is at most 2^28. It takes 5 to 9 bytes for each token from the
/// beginning, never more, until both of its ends are destroyed.                             [notify.memory]
///
/// Errors: std::length_error, std::bad_alloc.
TokenQueue event_queue(std::size_t capacity);

/// Makes a queue that is bound to a Selector, so that a thread waits for sources and tokens together: notifications
/// wake its select(), with one call of wake() for any number of them. The thread polls the queue when it receives
/// wake_token.
///                                                                                      [notify.one_wake]
/// Lifetime: no notify() or poll() may be under way when the Selector is destroyed, and none may follow.
TokenQueue event_queue(std::size_t capacity, Registrator& registrator);

/// A WakeHandle is a copyable handle whose wake() any thread may call at any time, such as PollRegistrator.
template <typename T>
concept WakeHandle = std::copy_constructible<T> && !std::derived_from<T, Registrator> && requires(const T& handle) {
    { handle.wake() }
    noexcept->std::same_as<std::error_code>;
};

/// Makes a queue that is bound to a Poll by `poll.registrator()`, or to a Loop by `loop.poster()`. Both ends may
/// outlive the Poll or Loop; notifications that would wake it then return the handle's error.
template <WakeHandle Handle>
TokenQueue event_queue(std::size_t capacity, const Handle& handle) {
    class Bound final : public TokenQueueState {
      public:
        Bound(std::size_t capacity, const Handle& handle) : TokenQueueState(capacity, true), handle_(handle) {}
        [[nodiscard]] std::error_code wake() noexcept override { return handle_.wake(); }

      private:
        Handle handle_;
    };
    return ends_of(std::make_shared<Bound>(capacity, handle));
}

} // namespace pollux::notify
