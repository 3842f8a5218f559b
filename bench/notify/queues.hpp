// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "processor.hpp"
#include "rounds.hpp"
#include "team.hpp"

#include <pollux/event.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// Workloads of non-blocking queues. Each makes a queue of any class that has
///
///     Queue(capacity)          notifier()   one for each thread, with notify(Token)
///     poll(limit)              the tokens, valid until the next poll()
///     names_tokens             false: reports a notification without its token
///
/// A sample is in cycles per operation; the notified tokens are removed and checked outside of the measured time.
namespace pollux::bench {

/// Removes all queued tokens in one poll(): throws unless each of the expected ones is there once.
template <typename Queue>
void take_all(Queue& queue, std::size_t capacity, const std::vector<Token>& notified) {
    const auto& tokens = queue.poll(capacity);
    std::vector<Token> taken(tokens.begin(), tokens.end());
    if (!Queue::names_tokens) {
        if (taken.empty()) throw std::logic_error("a notification was lost");
        return;
    }
    auto expected = notified;
    std::sort(expected.begin(), expected.end());
    std::sort(taken.begin(), taken.end());
    if (taken != expected) {
        throw std::logic_error("expected each of " + std::to_string(expected.size()) + " tokens once, seen " +
                               std::to_string(taken.size()) + " tokens");
    }
}

/// Notifying has a queue and threads that notify at the same time: thread n calls notify(token_of(n, 0)),
/// notify(token_of(n, 1)), ...
template <typename Queue, typename TokenOf>
class Notifying {
  public:
    Notifying(int threads, int first, std::size_t times, std::size_t capacity, TokenOf token_of)
        : times_(times),
          capacity_(capacity),
          token_of_(token_of),
          queue_(capacity),
          team_(threads, first, [this](int thread) { notify(thread); }) {
        for (int thread = 0; thread < threads; ++thread) {
            notifiers_.push_back(std::make_unique<PaddedNotifier>(queue_.notifier()));
            for (std::size_t time = 0; time < times; ++time) all_.push_back(token_of_(thread, time));
        }
        operations_ = static_cast<double>(all_.size());
        std::sort(all_.begin(), all_.end());
        all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
    }

    double cost() { return team_.run() / operations_; }
    void take() { take_all(queue_, capacity_, all_); }

  private:
    using Given = decltype(std::declval<Queue&>().notifier());
    struct alignas(64) PaddedNotifier { // on a cache line of its own
        explicit PaddedNotifier(Given&& given) : notifier(std::forward<Given>(given)) {}
        Given notifier;
    };

    void notify(int thread) {
        auto& notifier = notifiers_[static_cast<std::size_t>(thread)]->notifier;
        for (std::size_t time = 0; time < times_; ++time) static_cast<void>(notifier.notify(token_of_(thread, time)));
    }

    const std::size_t times_, capacity_;
    const TokenOf token_of_;
    Queue queue_;
    std::vector<std::unique_ptr<PaddedNotifier>> notifiers_;
    std::vector<Token> all_; // each once
    double operations_ = 0;
    Team team_;
};

/// The cost of notify() of a token that is queued already: the same token for all threads, or neighbours.
template <typename Queue>
Sample conflated(int threads, std::size_t distance) {
    const auto token_of = [distance](int thread, std::size_t) { return Token{std::size_t(thread) * distance}; };
    auto work = std::make_shared<Notifying<Queue, decltype(token_of)>>(threads, 0, 4096, 64, token_of);
    work->cost();
    return [work] {
        const auto cost = work->cost(); // all queued before
        work->take();
        work->cost(); // queued again
        return cost;
    };
}

/// The cost of notify() of tokens that are not queued. The consumer was on processor 0, and so is the first producer,
/// unless `first` is 1.
template <typename Queue>
Sample fresh(int threads, int first) {
    constexpr std::size_t share = 1024;
    const auto token_of = [](int thread, std::size_t time) { return Token{std::size_t(thread) * share + time}; };
    auto work = std::make_shared<Notifying<Queue, decltype(token_of)>>(threads, first, share,
                                                                       share * std::size_t(threads), token_of);
    return [work] {
        const auto cost = work->cost();
        work->take();
        return cost;
    };
}

/// The cost of poll() of an empty queue.
template <typename Queue>
Sample poll_empty() {
    constexpr std::size_t capacity = 1024, times = 1024;
    auto queue = std::make_shared<Queue>(capacity);
    return [queue] {
        std::size_t found = 0;
        const auto start = cycles();
        for (std::size_t i = 0; i < times; ++i) found += queue->poll(capacity).size();
        const auto end = cycles();
        if (found != 0) throw std::logic_error("expected no token from an empty queue");
        return static_cast<double>(end - start) / times;
    };
}

/// The cost of cycles() itself, which small batches do not exceed by much.
inline double cycles_of_clock() {
    auto least = std::numeric_limits<std::uint64_t>::max();
    for (int i = 0; i < 1000; ++i) {
        const auto start = cycles();
        least = std::min(least, cycles() - start);
    }
    return static_cast<double>(least);
}

/// A Polling fills a queue with batches, each of different tokens, and empties it.
template <typename Queue>
class Polling {
  public:
    static constexpr std::size_t capacity = 1024;

    explicit Polling(std::size_t batch) : queue_(capacity), notifier_(queue_.notifier()), batch_(batch) {}

    double cost_per_token() {
        double sum = 0;
        const auto times = capacity / batch_.size();
        for (std::size_t time = 0; time < times; ++time) sum += cost_of_batch();
        return sum / static_cast<double>(batch_.size() * times);
    }

  private:
    double cost_of_batch() {
        for (auto& token : batch_) {
            token = Token{next_++ % capacity};
            static_cast<void>(notifier_.notify(token)); // no queue here is full or closed
        }
        std::atomic_thread_fence(std::memory_order_seq_cst); // excludes the notifier's stores from the measurement
        const auto start = cycles();
        const auto& tokens = queue_.poll(capacity);
        const auto end = cycles();
        const bool right = Queue::names_tokens ? std::equal(tokens.begin(), tokens.end(), batch_.begin(), batch_.end())
                                               : !tokens.empty();
        if (!right) throw std::logic_error("expected the notified tokens, in their order");
        return static_cast<double>(end - start) - clock_;
    }

    Queue queue_;
    decltype(std::declval<Queue&>().notifier()) notifier_;
    std::vector<Token> batch_;
    std::size_t next_ = 0;
    const double clock_ = cycles_of_clock();
};

/// The cost of poll() of a batch, per token.
template <typename Queue>
Sample poll_batch(std::size_t batch) {
    return [polling = std::make_shared<Polling<Queue>>(batch)] { return polling->cost_per_token(); };
}

} // namespace pollux::bench
