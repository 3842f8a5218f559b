// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../harness/memory_model/memory.hpp"
#include "published.hpp"

#include <pollux/notify/internal/token_lane.hpp>
#include <pollux/notify/internal/token_ring.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

/// The runs of the queues in the model: a few threads, the consumer first, with a few calls each, and what must hold in
/// each run.
namespace pollux::notify::tests {

using namespace model;

inline constexpr auto relaxed = std::memory_order_relaxed;

using Ring = TokenRing<Memory>;
using Published = PublishedRing<Memory, false>;
using PublishedWithFences = PublishedRing<Memory, true>;

/// A Lane is a lane with the functions of a ring.
class Lane {
  public:
    explicit Lane(std::size_t capacity) : lane_(capacity) {}

    Pushed push(Token token) {
        return lane_.push(static_cast<std::size_t>(token)) ? Pushed::queued : Pushed::conflated;
    }
    std::size_t take(std::span<Token> tokens) {
        std::size_t count = 0;
        const bool any = lane_.take([&](std::size_t number) {
            if (count == tokens.size()) return false;
            tokens[count++] = Token{number};
            return true;
        });
        if (any) Memory::full_fence();
        return count;
    }

  private:
    TokenLane<Memory> lane_;
};

/// A System is a queue, the data that its tokens announce, and the word in which the consumer sleeps.
template <typename Queue, std::size_t tokens>
struct System {
    Queue queue{tokens};
    std::array<Atomic<int>, 2> data;
    Atomic<int> woken;
    Atomic<int> producers{2};

    void push(std::size_t token) {
        if (queue.push(Token{token}) == Pushed::wakes) wake();
    }
    void wake() {
        const bool is_awake = woken.exchange(1, std::memory_order_acq_rel) != 0;
        if constexpr (std::is_same_v<Queue, TokenRing<Memory>>) expect(!is_awake, "two threads wake for one sleep");
    }
};

/// A Consumer takes tokens, and reads the data that they announce.
template <typename S>
struct Consumer {
    S& system;
    std::array<int, 2> seen{};       // of data
    std::array<int, 2> deliveries{}; // of each token

    std::size_t take() {
        std::array<Token, 3> taken{};
        const auto count = system.queue.take(taken);
        for (std::size_t i = 0; i < count; ++i) {
            ++deliveries.at(static_cast<std::size_t>(taken[i]));
            expect(i == 0 || taken[i] != taken[i - 1], "a token came twice in one poll");
        }
        return count;
    }
    void take_and_read(std::array<int, 2> last) {
        if (take() == 0) return;
        for (std::size_t i = 0; i < 2; ++i) {
            if (last[i] != 0) seen[i] = system.data[i].load(relaxed);
        }
    }
};

template <typename S>
using Body = std::function<void(S&)>;

/// Changes its datum some times, and notifies each time.
template <typename S>
Body<S> changes(std::size_t datum, int times, std::size_t token) {
    return [=](S& system) {
        for (int i = 1; i <= times; ++i) {
            system.data[datum].store(i, relaxed);
            system.push(token);
        }
    };
}

/// Polls beside the others, and once more when they are done: by then each last change was delivered.
template <typename S>
Body<S> polls(int times, std::array<int, 2> last) {
    return [=](S& system) {
        Consumer<S> consumer{system};
        for (int i = 0; i < times; ++i) consumer.take_and_read(last);
        join_others();
        consumer.take_and_read(last);
        expect(consumer.seen == last, "an update was lost");
        for (std::size_t i = 0; i < 2; ++i) {
            expect(consumer.deliveries[i] <= last[0] + last[1], "a token came more often than it was sent");
        }
    };
}

/// One token changes often: the notification is conflated, or the token is delivered again.
template <typename Queue>
Verdict one_producer(const Weaken& weaken = {}) {
    using S = System<Queue, 1>;
    return explore_on<S>({polls<S>(2, {3, 0}), changes<S>(0, 3, 0)}, weaken);
}

/// Two threads notify the same token.
template <typename Queue>
Verdict one_token(const Weaken& weaken = {}) {
    using S = System<Queue, 1>;
    return explore_on<S>({polls<S>(1, {2, 1}), changes<S>(0, 2, 0), changes<S>(1, 1, 0)}, weaken);
}

/// One thread, two tokens in turn.
template <typename Queue>
Verdict alternates(const Weaken& weaken = {}) {
    using S = System<Queue, 2>;
    const Body<S> alternates = [](S& system) {
        for (int i = 1; i <= 2; ++i) {
            for (std::size_t k = 0; k < 2; ++k) {
                system.data.at(k).store(i, relaxed);
                system.push(k);
            }
        }
    };
    return explore_on<S>({polls<S>(2, {2, 2}), alternates}, weaken);
}

/// Two threads, each with its token: the slots of the queue are reused.
template <typename Queue>
Verdict two_tokens(const Weaken& weaken = {}) {
    using S = System<Queue, 2>;
    return explore_on<S>({polls<S>(2, {2, 2}), changes<S>(0, 2, 0), changes<S>(1, 2, 1)}, weaken);
}

/// Polls beside the others; what was written before the call that queued a token may be plain data.
template <typename S>
Body<S> reads_plain() {
    return [](S& system) {
        for (int i = 0; i < 2; ++i) {
            std::array<Token, 2> taken{};
            const auto count = system.queue.take(taken);
            for (std::size_t k = 0; k < count; ++k) {
                expect(system.data.at(static_cast<std::size_t>(taken[k])).read_plain() == 1, "plain data is stale");
            }
        }
    };
}

template <typename Queue>
Verdict plain_data(const Weaken& weaken = {}) {
    using S = System<Queue, 2>;
    return explore_on<S>({reads_plain<S>(), changes<S>(0, 1, 0), changes<S>(1, 1, 1)}, weaken);
}

/// The same of one thread.
template <typename Queue>
Verdict plain_datum(const Weaken& weaken = {}) {
    using S = System<Queue, 2>;
    const Body<S> changes_both = [](S& system) {
        changes<S>(0, 1, 0)(system);
        changes<S>(1, 1, 1)(system);
    };
    return explore_on<S>({reads_plain<S>(), changes_both}, weaken);
}

/// A consumer that receives tokens until it has a number of them, and sleeps when there is none.
template <typename S>
Body<S> sleeps(int expected) {
    return [=](S& system) {
        Consumer<S> consumer{system};
        int retries = 0;
        for (auto left = expected; left > 0;) {
            const auto count = static_cast<int>(consumer.take());
            left -= count;
            if (count != 0) continue;
            if (system.queue.try_sleep() == SleepResult::asleep) {
                system.woken.sleep();
            } else if (++retries == 3) {
                give_up(); // a claimed slot that is not filled yet may be polled for ever
            }
        }
    };
}

/// The consumer parks: a producer whose token it has not seen yet wakes it.
template <typename Queue>
Verdict parks(const Weaken& weaken = {}) {
    using S = System<Queue, 2>;
    return explore_on<S>({sleeps<S>(2), changes<S>(0, 1, 0), changes<S>(1, 1, 1)}, weaken);
}

/// The consumer sleeps in select(): it requests a wake after each poll, and wakes itself if it left something.
template <typename Queue>
Verdict selects(const Weaken& weaken = {}) {
    using S = System<Queue, 2>;
    const Body<S> selects = [](S& system) {
        Consumer<S> consumer{system};
        if (system.queue.try_sleep() == SleepResult::more) system.wake();
        int retries = 0;
        for (std::size_t left = 2; left > 0;) {
            system.woken.sleep();
            left -= consumer.take();
            if (system.queue.try_sleep() == SleepResult::more) {
                system.wake();
                if (++retries == 3) give_up();
            }
        }
    };
    return explore_on<S>({selects, changes<S>(0, 1, 0), changes<S>(1, 1, 1)}, weaken);
}

/// The consumer gives up waiting once, and then waits again.
template <typename Queue>
Verdict times_out(const Weaken& weaken = {}) {
    using S = System<Queue, 1>;
    const Body<S> gives_up_once = [](S& system) {
        if (system.queue.try_sleep() == SleepResult::asleep) system.queue.cancel_sleep();
        sleeps<S>(1)(system);
    };
    return explore_on<S>({gives_up_once, changes<S>(0, 1, 0)}, weaken);
}

/// The last producer declares its end: the consumer has all tokens by then, and does not sleep on.
template <typename Queue>
Verdict finishes(const Weaken& weaken = {}) {
    using S = System<Queue, 2>;
    const auto leaves = [](std::size_t token) -> Body<S> {
        return [token](S& system) {
            system.push(token);
            system.data.at(token).store(1, relaxed);
            const bool last = system.producers.fetch_add(-1, std::memory_order_acq_rel) == 1;
            if (last && system.queue.finish()) system.wake();
        };
    };
    const Body<S> receives = [](S& system) {
        Consumer<S> consumer{system};
        for (int retries = 0;;) {
            if (consumer.take() != 0) continue;
            const auto rest = system.queue.try_sleep();
            if (rest == SleepResult::finished) break;
            if (rest == SleepResult::asleep) {
                system.woken.sleep();
            } else if (++retries == 3) {
                give_up();
            }
        }
        expect(consumer.deliveries == std::array{1, 1}, "disconnected before all was delivered");
        for (const auto& datum : system.data) expect(datum.read_plain() == 1, "what was written last is stale");
    };
    return explore_on<S>({receives, leaves(0), leaves(1)}, weaken);
}

} // namespace pollux::notify::tests
