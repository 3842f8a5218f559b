// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/registrator.hpp>
#include <pollux/token_ring.hpp>
#include <pollux/tokens.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

namespace pollux {

struct EventQueue;

/// What the two ends of a queue share: not for programs.
class TokenQueue {
  public:
    TokenQueue(std::size_t capacity, bool bound) : ring(capacity), can_sleep(bound) {}
    virtual ~TokenQueue() = default;

    std::error_code notify(Token token) noexcept {
        const auto pushed = ring.push(token);
        if (pushed <= Pushed::conflated) return no_error;
        return pushed == Pushed::wakes ? wake_or_retry() : refusal(pushed);
    }

    virtual std::error_code wake() noexcept { return no_error; }

    /// Sees to it that the next notification wakes, or wakes at once if something is left.
    void arrange_wake() noexcept;

    TokenRing<RealMemory> ring;
    const bool can_sleep;

  private:
    std::error_code wake_or_retry() noexcept;
    static std::error_code refusal(Pushed pushed) noexcept;
};

/// The way in to a queue: copies are cheap, and lead into the same queue.
///
/// Threads:  notify() from any, also of one object; copying, moving and destruction as for any value.
/// Lifetime: independent of the Poller. What was moved from can only be destroyed or assigned to.
class Notifier {
  public:
    /// Queues the token, unless it is queued already [notify.conflates]: it will be delivered, once, behind all that
    /// were queued before it [notify.fifo].
    ///
    /// Errors: invalid_argument  the token is not below the capacity; nothing happened   [notify.out_of_range]
    ///         disconnected      the Poller is gone                                      [notify.poller_gone]
    ///         and those of the wake of a queue that is bound to a Selector: the token is queued, and the next
    ///         notification wakes again                                                  [notify.wake_fails]
    std::error_code notify(Token token) const noexcept { return queue_->notify(token); }

  private:
    friend EventQueue ends_of(const std::shared_ptr<TokenQueue>& queue);
    explicit Notifier(std::shared_ptr<TokenQueue> queue) noexcept : queue_(std::move(queue)) {}

    std::shared_ptr<TokenQueue> queue_;
};

/// The way out of a queue: there is one, which is moved and not copied.
///
/// Threads:  poll() by one thread at a time.
/// Lifetime: independent of the Notifiers. What was moved from can only be destroyed or assigned to.
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

    /// Takes the oldest tokens, at most `limit` and as many as `tokens` has room for; the rest stays, in order
    /// [notify.limit]. A token that is notified again gets in line again behind all others [notify.fair]. Returns
    /// how many; never waits. The tokens of the poll() before are gone.
    ///
    /// A queue that is bound to a Selector has then arranged for the next select(): it is woken by the next
    /// notification [notify.wakes_select], or at once if something was left [notify.rest_wakes_select].
    std::size_t poll(Tokens& tokens, std::size_t limit = no_limit) noexcept {
        auto& ring = queue_->ring;
        tokens.size_ = ring.is_empty() ? 0 : ring.take(tokens.room(limit));
        if (queue_->can_sleep) queue_->arrange_wake();
        return tokens.size_;
    }

  private:
    friend EventQueue ends_of(const std::shared_ptr<TokenQueue>& queue);
    explicit Poller(std::shared_ptr<TokenQueue> queue) noexcept : queue_(std::move(queue)) {}

    std::shared_ptr<TokenQueue> queue_;
};

struct EventQueue {
    Notifier notifier;
    Poller poller;
};

/// The ends of a queue: not for programs.
EventQueue ends_of(const std::shared_ptr<TokenQueue>& queue);

/// A queue for the tokens below `capacity`, which is at most 2^28. It takes 5 to 9 bytes for each token from the
/// beginning, never more [notify.memory], until its ends are both gone.
///
/// Errors: std::length_error, std::bad_alloc.
EventQueue event_queue(std::size_t capacity);

/// The same, bound to a Selector: notifications wake its select(), one call of wake() for any number of them
/// [notify.one_wake], so that a thread waits for sources and tokens together. It polls when it sees wake_token.
///
/// Lifetime: no notify() or poll() may be under way when the Selector is destroyed, and none may follow.
EventQueue event_queue(std::size_t capacity, Registrator& registrator);

/// A copy of a handle whose wake() any thread may call at any time, as that of PollRegistrator.
template <typename T>
concept WakeHandle = std::copy_constructible<T> && !std::derived_from<T, Registrator> && requires(const T& handle) {
    { handle.wake() }
    noexcept->std::same_as<std::error_code>;
};

/// The same, bound to a Poll by `poll.registrator()`: both may outlive it. From then on the notifications that would
/// wake it say so, as the handle does.
template <WakeHandle Handle>
EventQueue event_queue(std::size_t capacity, const Handle& handle) {
    class Bound final : public TokenQueue {
      public:
        Bound(std::size_t capacity, const Handle& handle) : TokenQueue(capacity, true), handle_(handle) {}
        std::error_code wake() noexcept override { return handle_.wake(); }

      private:
        Handle handle_;
    };
    return ends_of(std::make_shared<Bound>(capacity, handle));
}

} // namespace pollux
