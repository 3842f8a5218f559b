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

/// What is done to a queue that does not wait. Each makes a queue of any kind that has
///
///     Queue(capacity)          notifier()   one for each thread, with notify(Token)
///     poll(limit)              the tokens, which stay until the next
///     names_tokens             false: tells only that there was something
///
/// A sample is in cycles per operation; what was notified is taken out again, and checked, outside the measured time.
namespace pollux::bench {

/// Takes what is there, in one go: throws unless it is each of the tokens once.
template <typename Queue>
void take_all(Queue& queue, std::size_t capacity, const std::vector<Token>& notified) {
    const auto& tokens = queue.poll(capacity);
    std::vector<Token> taken(tokens.begin(), tokens.end());
    if (!Queue::names_tokens) {
        if (taken.empty()) throw std::logic_error("what was notified was not told");
        return;
    }
    auto expected = notified;
    std::sort(expected.begin(), expected.end());
    std::sort(taken.begin(), taken.end());
    if (taken != expected) {
        throw std::logic_error("expected each of " + std::to_string(expected.size()) + " tokens once, got " +
                               std::to_string(taken.size()) + " tokens");
    }
}

/// A queue, and threads that notify all at once: thread n calls notify(token_of(n, 0)), notify(token_of(n, 1)), ...
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
            notifiers_.push_back(std::make_unique<Own>(queue_.notifier()));
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
    struct alignas(64) Own { // no thread shares a cache line of these with another
        explicit Own(Given&& given) : notifier(std::forward<Given>(given)) {}
        Given notifier;
    };

    void notify(int thread) {
        auto& notifier = notifiers_[static_cast<std::size_t>(thread)]->notifier;
        for (std::size_t time = 0; time < times_; ++time) notifier.notify(token_of_(thread, time));
    }

    const std::size_t times_, capacity_;
    const TokenOf token_of_;
    Queue queue_;
    std::vector<std::unique_ptr<Own>> notifiers_;
    std::vector<Token> all_; // each once
    double operations_ = 0;
    Team team_;
};

/// notify() of a token that is queued already: of the same token for all threads, or of neighbours.
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

/// notify() of tokens that are not queued. The consumer was on processor 0, and so is the producer, or the first of
/// them, unless `first` is 1.
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

/// poll() of an empty queue.
template <typename Queue>
Sample poll_empty() {
    constexpr std::size_t capacity = 1024, times = 1024;
    auto queue = std::make_shared<Queue>(capacity);
    return [queue] {
        std::size_t found = 0;
        const auto start = cycles();
        for (std::size_t i = 0; i < times; ++i) found += queue->poll(capacity).size();
        const auto end = cycles();
        if (found != 0) throw std::logic_error("tokens that nobody notified");
        return static_cast<double>(end - start) / times;
    };
}

/// What cycles() itself takes: small batches are not much more.
inline double cycles_of_clock() {
    auto least = std::numeric_limits<std::uint64_t>::max();
    for (int i = 0; i < 1000; ++i) {
        const auto start = cycles();
        least = std::min(least, cycles() - start);
    }
    return static_cast<double>(least);
}

/// A queue that is filled with batches, each of other tokens, and emptied.
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
            notifier_.notify(token);
        }
        std::atomic_thread_fence(std::memory_order_seq_cst); // the notifier's stores are not part of it
        const auto start = cycles();
        const auto& tokens = queue_.poll(capacity);
        const auto end = cycles();
        const bool right = Queue::names_tokens ? std::equal(tokens.begin(), tokens.end(), batch_.begin(), batch_.end())
                                               : !tokens.empty();
        if (!right) throw std::logic_error("not the tokens that were notified, in their order");
        return static_cast<double>(end - start) - clock_;
    }

    Queue queue_;
    decltype(std::declval<Queue&>().notifier()) notifier_;
    std::vector<Token> batch_;
    std::size_t next_ = 0;
    const double clock_ = cycles_of_clock();
};

/// poll() of so many tokens at once; per token.
template <typename Queue>
Sample poll_batch(std::size_t batch) {
    return [polling = std::make_shared<Polling<Queue>>(batch)] { return polling->cost_per_token(); };
}

} // namespace pollux::bench
