// SPDX-License-Identifier: BSL-1.0
// What holds in every run that C++ allows; that the design which this one replaces breaks it; and that each order which
// the code asks for is needed.
#include "scenarios.hpp"

#include <gtest/gtest.h>

namespace pollux::notify::tests {

using namespace model;
namespace {

using Kind = Operation::Kind;

struct Scenario {
    const char* name;
    Verdict (*run)(const Weaken& weaken);
};

const std::vector<Scenario> of_ring{
    {"one_producer", one_producer<Ring>}, {"plain_data", plain_data<Ring>}, {"parks", parks<Ring>},
    {"selects", selects<Ring>},           {"times_out", times_out<Ring>},   {"alternates", alternates<Ring>},
    {"one_token", one_token<Ring>},       {"finishes", finishes<Ring>},     {"two_tokens", two_tokens<Ring>}};

const std::vector<Scenario> of_lane{
    {"one_producer", one_producer<Lane>}, {"alternates", alternates<Lane>}, {"plain_data", plain_datum<Lane>}};

void expect_no_fault(const std::vector<Scenario>& scenarios) {
    for (const auto& scenario : scenarios) {
        const auto verdict = scenario.run({});
        EXPECT_EQ(verdict.fault, "") << scenario.name << " in this run:\n" << verdict.run;
        EXPECT_GT(verdict.states, 50U) << scenario.name << ": that cannot have been all";
    }
}

TEST(Model, ring_has_no_fault) { expect_no_fault(of_ring); }
TEST(Model, lane_has_no_fault) { expect_no_fault(of_lane); }

/// The consumer reads the data while its "not queued" still waits to be seen by the producer.
TEST(Model, published_design_loses_an_update) {
    EXPECT_EQ(one_producer<Published>().fault, "an update was lost");
    EXPECT_EQ(one_token<Published>().fault, "an update was lost");
}

/// The sender looks for a parked receiver before its token is seen; the receiver looks for tokens before its flag is.
TEST(Model, published_design_loses_a_wake) { EXPECT_EQ(parks<Published>().fault, "a thread sleeps for ever"); }

/// With a fence in both places it holds on x86-64, where each swap of a flag is a fence, too: in C++ it is none.
TEST(Model, two_fences_do_not_repair_the_published_design_everywhere) {
    EXPECT_EQ(one_producer<PublishedWithFences>().fault, "an update was lost");
}

// Tests of the model itself: what C++ allows does happen, and what it forbids does not.

/// TwoWords are what the threads of these tests share.
struct TwoWords {
    std::array<Atomic<int>, 2> words;
};

Verdict store_then_load(const Weaken& weaken) {
    struct Seen : TwoWords {
        std::array<Atomic<int>, 2> results;
    };
    const auto thread = [](std::size_t own) -> std::function<void(Seen&)> {
        return [own](Seen& system) {
            system.words.at(own).store(1, relaxed);
            Memory::full_fence();
            system.results.at(own).store(1 + system.words.at(1 - own).load(relaxed), relaxed);
        };
    };
    const std::function<void(Seen&)> check_results = [](Seen& system) {
        join_others();
        expect(system.results[0].load(relaxed) + system.results[1].load(relaxed) > 2, "both saw nothing");
    };
    return explore_on<Seen>({check_results, thread(0), thread(1)}, weaken);
}

TEST(Model, models_fences) {
    EXPECT_EQ(store_then_load({}).fault, "");
    EXPECT_EQ(store_then_load([](std::size_t thread, Operation& operation) {
                  if (operation.kind == Kind::fence && thread == 1) operation.order = relaxed;
              }).fault,
              "both saw nothing");
}

TEST(Model, models_release_and_acquire) {
    const auto message = [](std::memory_order store, std::memory_order load) {
        return explore_on<TwoWords>({[load](TwoWords& system) {
                                         if (system.words[1].load(load) == 0) return;
                                         expect(system.words[0].load(relaxed) == 1, "stale");
                                     },
                                     [store](TwoWords& system) {
                                         system.words[0].store(1, relaxed);
                                         system.words[1].store(1, store);
                                     }})
            .fault;
    };
    EXPECT_EQ(message(std::memory_order_release, std::memory_order_acquire), "");
    EXPECT_EQ(message(relaxed, std::memory_order_acquire), "stale");
    EXPECT_EQ(message(std::memory_order_release, relaxed), "stale");
}

/// A store may come to lie before one that was made earlier: here the two threads leave 1 in both words.
TEST(Model, models_reordered_stores) {
    const auto thread = [](std::size_t first) -> std::function<void(TwoWords&)> {
        return [first](TwoWords& system) {
            system.words.at(first).store(1, relaxed);
            system.words.at(1 - first).store(2, relaxed);
        };
    };
    const std::function<void(TwoWords&)> check_results = [](TwoWords& system) {
        join_others();
        expect(system.words[0].load(relaxed) != 1 || system.words[1].load(relaxed) != 1, "overtaken");
    };
    EXPECT_EQ(explore_on<TwoWords>({check_results, thread(0), thread(1)}).fault, "overtaken");
}

/// An object may be destroyed behind its last use only, and once.
TEST(Model, models_destruction) {
    struct Word {
        Atomic<int> value;
    };
    struct Shared {
        Atomic<int> left{2};
        Owned<Word> object;
    };
    const auto leaves_last = [](std::memory_order order, int of_last) -> std::function<void(Shared&)> {
        return [=](Shared& system) {
            Word* const object = &system.object;
            object->value.fetch_add(1, relaxed);
            if (system.left.fetch_add(-1, order) == of_last) Memory::destroy(object);
        };
    };
    const auto fault = [&](std::memory_order one, std::memory_order other, int of_last = 1) {
        return explore_on<Shared>({leaves_last(one, of_last), leaves_last(other, of_last)}).fault;
    };
    constexpr auto acq_rel = std::memory_order_acq_rel;
    EXPECT_EQ(fault(acq_rel, acq_rel), "");
    EXPECT_EQ(fault(acq_rel, relaxed), "an object is destroyed beside an access to it");
    EXPECT_EQ(fault(acq_rel, std::memory_order_acquire), "an object is destroyed beside an access to it");
    EXPECT_EQ(fault(acq_rel, acq_rel, 2), "an object is used that was destroyed");
    EXPECT_EQ(fault(acq_rel, acq_rel, 0), "an object is never destroyed");
    const std::function<void(Shared&)> destroys_twice = [](Shared& system) {
        for (int i = 0; i < 2; ++i) Memory::destroy(static_cast<Word*>(&system.object));
    };
    EXPECT_EQ(explore_on<Shared>({destroys_twice}).fault, "an object is used that was destroyed");
}

/// A Weakening makes one memory order of the ring weaker; some run then has a fault. The consumer is thread 0.
struct Weakening {
    const char* name;
    Weaken weaken;
};

constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

/// All operations of a kind and an order become weaker.
Weaken weaker(Kind kind, std::memory_order order, std::memory_order instead) {
    return [=](std::size_t, Operation& operation) {
        if (operation.kind == kind && operation.order == order) operation.order = instead;
    };
}

Weaken release_store_of_zero_is_relaxed(bool zero) {
    return [=](std::size_t, Operation& operation) {
        const bool is_matching = operation.kind == Kind::store && (operation.operand == 0) == zero;
        if (is_matching && operation.order == release) operation.order = relaxed;
    };
}

const std::vector<Weakening> weakenings{
    {"the fence of producers",
     [](std::size_t thread, Operation& operation) {
         if (operation.kind == Kind::fence && thread != 0) operation.order = relaxed;
     }},
    {"the fence of the consumer",
     [](std::size_t thread, Operation& operation) {
         if (operation.kind == Kind::fence && thread == 0) operation.order = relaxed;
     }},
    {"acquire of a flag that is set", weaker(Kind::exchange, acquire, relaxed)},
    {"release of a flag that is cleared", release_store_of_zero_is_relaxed(true)},
    {"acquire of a claim", weaker(Kind::add, std::memory_order_acq_rel, release)},
    {"release of a claim", weaker(Kind::add, std::memory_order_acq_rel, acquire)},
    {"release of a slot that is filled", release_store_of_zero_is_relaxed(false)},
    {"acquire by a consumer that sees the end",
     [](std::size_t thread, Operation& operation) {
         if (thread == 0 && operation.kind == Kind::load) operation.order = relaxed;
         if (thread == 0) operation.failure = relaxed;
     }},
    {"release by the last producer", weaker(Kind::bit_or, release, relaxed)},
};

TEST(Model, each_order_is_needed) {
    for (const auto& [name, weaken] : weakenings) {
        bool missed = false;
        for (const auto& scenario : of_ring) missed = missed || !scenario.run(weaken).fault.empty();
        EXPECT_TRUE(missed) << "weaker, and still sound: " << name;
    }
}

} // namespace
} // namespace pollux::notify::tests
