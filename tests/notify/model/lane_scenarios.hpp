// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../harness/memory_model/memory.hpp"

#include <pollux/notify/internal/lane_list.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <set>
#include <span>

/// The runs of queues of lanes in the model: a few threads, the consumer first, with a few calls each, and what must
/// hold in each run: no update is lost, and each lane is destroyed once, behind its last use.
namespace pollux::notify::tests::of_lanes {

using namespace model;
using List = LaneList<Memory>;
inline constexpr auto relaxed = std::memory_order_relaxed;

/// The locations of Lane::abandoned in the scenario that runs, by which a weakening knows their loads.
inline std::set<std::size_t> abandoned_flags;

/// The first part of each system: the locations are those of a new scenario.
struct ClearsAbandonedFlags {
    ClearsAbandonedFlags() { abandoned_flags.clear(); }
};

template <std::size_t capacity>
struct Lane : Owned<List::Lane> {
    Lane() : Owned(capacity) { abandoned_flags.insert(abandoned.location()); }
};

/// A System is a queue of lanes, all lanes that its producers add, and the data that the tokens announce: of one token
/// both, of two tokens one each.
template <std::size_t lanes, std::size_t tokens_>
struct System : ClearsAbandonedFlags {
    static constexpr auto tokens = tokens_;

    std::array<Atomic<int>, 2> data;
    List list{tokens};
    std::array<Lane<tokens>, lanes> made;
};

/// A Producer has a lane, and does with it what a LaneNotifier does.
template <typename S>
class Producer {
  public:
    Producer(S& system, std::size_t lane) : system_(system), lane_(&system.made.at(lane)) { system.list.add(*lane_); }

    bool notify(std::size_t token) {
        if (system_.list.is_closed()) return false;
        lane_->tokens.push(token);
        return true;
    }
    /// Changes a datum to each value up to `last`, and notifies each time.
    void change(std::size_t datum, int last, std::size_t token, int first = 1) {
        for (int value = first; value <= last; ++value) {
            system_.data.at(datum).store(value, relaxed);
            notify(token);
        }
    }
    void leave() { List::leave(lane_); }

  private:
    S& system_;
    List::Lane* lane_;
};

/// A Consumer takes tokens, and reads the data that they announce.
template <typename S>
struct Consumer {
    S& system;
    std::array<int, 2> seen{}; // of data
    int deliveries = 0;

    std::size_t poll(std::size_t limit = 3) { // more than there are tokens: all lanes are emptied
        std::array<Token, 3> tokens{};
        const auto count = system.list.poll(std::span(tokens).first(limit));
        expect(count < 2 || (count == 2 && tokens[0] != tokens[1]), "a token came twice in one poll");
        for (std::size_t i = 0; i < count; ++i) {
            ++deliveries;
            for (std::size_t datum = 0; datum < 2; ++datum) {
                if (S::tokens == 1 || tokens[i] == Token{datum}) seen[datum] = system.data[datum].load(relaxed);
            }
        }
        return count;
    }
};

template <typename S>
using Body = std::function<void(S&)>;

/// Adds a lane beside the polls, changes a datum some times, and leaves the lane with the tokens in it.
template <typename S>
Body<S> changes(std::size_t lane, std::size_t datum, int times, std::size_t token) {
    return [=](S& system) {
        Producer<S> producer(system, lane);
        producer.change(datum, times, token);
        producer.leave();
    };
}

/// Polls beside the others, and when they are done once more, which also frees their lanes: by then each last change
/// was delivered.
template <typename S>
Body<S> polls(int times, std::array<int, 2> last, std::size_t limit = 3, int unchanged = 0) {
    return [=](S& system) {
        Consumer<S> consumer{system};
        for (int i = 0; i < times; ++i) consumer.poll(limit);
        join_others();
        consumer.poll();
        expect(consumer.seen == last, "an update was lost");
        expect(consumer.deliveries <= last[0] + last[1] + unchanged, "a token came more often than it was sent");
        expect(consumer.poll() == 0, "a token was delivered again");
    };
}

/// One token changes often: the notification is conflated, or the token is delivered again.
inline Verdict one_lane(const Weaken& weaken) {
    using S = System<1, 1>;
    return explore_on<S>({polls<S>(2, {3, 0}), changes<S>(0, 0, 3, 0)}, weaken);
}

/// Two lanes hold the same token, which is delivered once for both, or twice.
inline Verdict one_token(const Weaken& weaken) {
    using S = System<2, 1>;
    return explore_on<S>({polls<S>(1, {2, 1}), changes<S>(0, 0, 2, 0), changes<S>(1, 1, 1, 0)}, weaken);
}

/// Polls with room for one token: tokens are left in a lane that has ended, also behind one that the other lane holds.
inline Verdict limited(const Weaken& weaken) {
    using S = System<2, 2>;
    const Body<S> changes_both = [](S& system) {
        Producer<S> producer(system, 0);
        producer.change(0, 1, 0);
        producer.change(1, 1, 1);
        producer.leave();
    };
    const Body<S> repeats = [](S& system) {
        Producer<S> producer(system, 1);
        producer.notify(0);
        producer.leave();
    };
    return explore_on<S>({polls<S>(2, {1, 1}, 1, 1), changes_both, repeats}, weaken);
}

/// One thread notifies through one lane, leaves it, and goes on in another one, while both may hold the token.
inline Verdict reopens(const Weaken& weaken) {
    using S = System<2, 1>;
    const Body<S> reopens = [](S& system) {
        Producer<S> first(system, 0);
        first.change(0, 1, 0);
        first.leave();
        Producer<S> second(system, 1);
        second.change(0, 3, 0, 2);
        second.leave();
    };
    return explore_on<S>({polls<S>(2, {3, 0}), reopens}, weaken);
}

/// One lane with two tokens in turn: its slots are reused.
inline Verdict alternates(const Weaken& weaken) {
    using S = System<1, 2>;
    const Body<S> alternates = [](S& system) {
        Producer<S> producer(system, 0);
        for (int value = 1; value <= 2; ++value) {
            producer.change(0, value, 0, value);
            producer.change(1, value, 1, value);
        }
        producer.leave();
    };
    return explore_on<S>({polls<S>(2, {2, 2}), alternates}, weaken);
}

/// What was written before the call that queued a token may be plain data.
inline Verdict plain_data(const Weaken& weaken) {
    using S = System<2, 2>;
    const auto writes = [](std::size_t own) -> Body<S> {
        return [own](S& system) {
            Producer<S> producer(system, own);
            system.data.at(own).write_plain(1);
            producer.notify(own);
            producer.leave();
        };
    };
    const Body<S> reads = [](S& system) {
        for (int i = 0; i < 2; ++i) {
            std::array<Token, 2> tokens{};
            const auto count = system.list.poll(tokens);
            for (std::size_t k = 0; k < count; ++k) {
                expect(system.data.at(static_cast<std::size_t>(tokens[k])).read_plain() == 1, "plain data is stale");
            }
        }
        join_others();
        std::array<Token, 3> tokens{};
        system.list.poll(tokens);
    };
    return explore_on<S>({reads, writes(0), writes(1)}, weaken);
}

/// The consumer ends while lanes are added, used and left; those that are added later have no consumer.
inline Verdict closes(const Weaken& weaken) {
    using S = System<2, 1>;
    const Body<S> closes = [](S& system) {
        Consumer<S>{system}.poll();
        system.list.close();
    };
    return explore_on<S>({closes, changes<S>(0, 0, 2, 0), changes<S>(1, 1, 1, 0)}, weaken);
}

/// The consumer polls twice before its end, so that its part of the lane is used while it may be left.
inline Verdict closes_beside_one(const Weaken& weaken) {
    using S = System<1, 1>;
    const Body<S> closes = [](S& system) {
        Consumer<S> consumer{system};
        consumer.poll();
        consumer.poll();
        system.list.close();
    };
    return explore_on<S>({closes, changes<S>(0, 0, 3, 0)}, weaken);
}

/// A slot is filled again only behind what the consumer did with the token that was in it: the loads of slots are
/// relaxed.
inline Verdict reuses_slots(const Weaken& weaken) {
    struct OneLane : ClearsAbandonedFlags {
        TokenLane<Memory> tokens{2};
        std::array<Atomic<int>, 4> taken; // by position
    };
    const Body<OneLane> takes = [](OneLane& lane) {
        std::size_t position = 0;
        const auto take = [&] {
            const bool any = lane.tokens.take([&](std::size_t /*token*/) {
                lane.taken.at(position++).write_plain(1);
                return true;
            });
            if (any) Memory::full_fence();
        };
        take();
        take();
    };
    const Body<OneLane> fills = [](OneLane& lane) {
        std::size_t position = 0;
        for (const std::size_t token : {0U, 1U, 0U, 1U}) {
            if (!lane.tokens.push(token)) continue;
            if (position >= 2)
                expect(lane.taken.at(position - 2).read_plain() == 1, "a slot was filled that was not taken");
            ++position;
        }
    };
    return explore_on<OneLane>({takes, fills}, weaken);
}

} // namespace pollux::notify::tests::of_lanes
