// SPDX-License-Identifier: BSL-1.0
#include <pollux/mutex.hpp>
#include <pollux/notify/token_channel.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <optional>
#include <thread>

namespace pollux::notify {

namespace {

using clock = std::chrono::steady_clock;

/// The time at which a wait ends; none means never, as does a time that the clock cannot hold.
using End = std::optional<clock::time_point>;

End end_of(Timeout timeout) noexcept {
    if (!timeout) return std::nullopt;
    const auto now = clock::now();
    return *timeout < clock::time_point::max() - now ? End(now + *timeout) : End();
}

/// Hints to the processor that this thread spins.
void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

/// Spins until `condition` is true, with growing pauses, for no longer than a sleep and a wake would take; returns
/// false if it stays false.
template <typename Condition>
bool spin_until(const Condition& condition) noexcept {
    constexpr int longest = 64;
    for (int pauses = 1; pauses <= longest; pauses *= 2) {
        for (int i = 0; i < pauses; ++i) pause();
        if (condition()) return true;
    }
    return false;
}

/// Lets a Sender run that has claimed its slot in the queue and not yet filled it: it is between two instructions, or
/// was suspended there. The system may prefer this thread to it, so yielding is not enough for ever.
void give_way(int times_before) noexcept {
    constexpr int patience = 16;
    if (times_before < patience) {
        std::this_thread::yield();
    } else {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

/// A Channel is the state of a token channel, whose Receiver sleeps on a condition variable.
class Channel final : public TokenQueueState {
  public:
    explicit Channel(std::size_t capacity) : TokenQueueState(capacity, true) {
        // On systems where the first use of these allocates memory, it may fail here.
        const MutexLock lock(mutex_);
        mutex_.wait_until(condition_, std::chrono::steady_clock::time_point()); // it is over on any clock
    }

    std::error_code wake() noexcept override {
        {
            const MutexLock lock(mutex_);
            woken_ = true;
        }
        condition_.notify_one();
        return {};
    }

    /// Waits for wake(); returns false if `end` comes first.
    bool sleep(const End& end) noexcept {
        const MutexLock lock(mutex_);
        const auto woken = [this]() POLLUX_REQUIRES(mutex_) { return std::exchange(woken_, false); };
        if (end) return mutex_.wait_until(condition_, *end, woken);
        mutex_.wait(condition_, woken);
        return true;
    }

    void add_sender() noexcept { senders_.fetch_add(1, std::memory_order_relaxed); }

    void remove_sender() noexcept {
        if (senders_.fetch_sub(1, std::memory_order_acq_rel) == 1 && ring.finish())
            static_cast<void>(wake()); // which cannot fail
    }

  private:
    std::atomic<std::size_t> senders_ = 1;
    Mutex mutex_;
    std::condition_variable condition_;
    bool woken_ POLLUX_GUARDED_BY(mutex_) = false;
};

Channel& channel(TokenQueueState& queue) noexcept { return static_cast<Channel&>(queue); }

} // namespace

Sender::Sender(const Sender& other) noexcept : queue_(other.queue_) {
    if (queue_) channel(*queue_).add_sender();
}

Sender::~Sender() {
    if (queue_) channel(*queue_).remove_sender();
}

Receiver::~Receiver() {
    if (queue_) queue_->ring.close();
}

std::error_code Receiver::try_recv(Tokens& tokens, std::size_t limit) noexcept {
    return recv(tokens, std::chrono::nanoseconds::zero(), limit);
}

std::error_code Receiver::recv(Tokens& tokens, Timeout timeout, std::size_t limit) noexcept {
    auto& ring = queue_->ring;
    const auto room = tokens.room(limit);
    tokens.size_ = 0;
    const auto take = [&] { return (tokens.size_ = ring.take(room)) != 0; };
    if (room.empty()) return make_error_code(std::errc::invalid_argument);
    if (take()) return {};
    if (ring.is_finished()) return make_error_code(disconnected);
    if (timeout && *timeout <= timeout->zero()) return {};

    const auto end = end_of(timeout);
    if (spin_until(take)) return {};
    for (int stalled = 0;;) {
        const auto rest = ring.try_sleep();
        if (rest == SleepResult::finished) return make_error_code(disconnected);
        if (rest == SleepResult::asleep) {
            const bool in_time = channel(*queue_).sleep(end);
            if (!in_time) ring.cancel_sleep();
            if (take() || !in_time) return {};
        } else {
            if (take()) return {};
            if (end && clock::now() >= *end) return {};
            give_way(stalled++);
        }
    }
}

TokenChannel event_channel(std::size_t capacity) {
    auto queue = std::make_shared<Channel>(capacity);
    return {Sender(queue), Receiver(queue)};
}

} // namespace pollux::notify
