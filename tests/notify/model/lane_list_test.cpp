// SPDX-License-Identifier: BSL-1.0
// What holds in every run of a queue of lanes that C++ allows, with lanes that are added, that end, and that outlive
// the consumer; and that each order which the code asks for is needed.
#include "lane_scenarios.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace pollux::notify::tests::of_lanes {
namespace {

using Kind = Operation::Kind;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto acq_rel = std::memory_order_acq_rel;

struct Scenario {
    const char* name;
    Verdict (*run)(const Weaken& weaken);
};

const std::vector<Scenario> scenarios{{"reuses_slots", reuses_slots},
                                      {"one_lane", one_lane},
                                      {"alternates", alternates},
                                      {"reopens", reopens},
                                      {"closes_beside_one", closes_beside_one},
                                      {"closes", closes},
                                      {"one_token", one_token},
                                      {"plain_data", plain_data},
                                      {"limited", limited}};

TEST(LaneListModel, has_no_fault) {
    for (const auto& scenario : scenarios) {
        const auto verdict = scenario.run({});
        EXPECT_EQ(verdict.fault, "") << scenario.name << " in this run:\n" << verdict.run;
        EXPECT_GT(verdict.states, 50U) << scenario.name << ": that cannot have been all";
    }
}

/// A Weakening makes one memory order weaker; some run then has a fault. The consumer is thread 0.
struct Weakening {
    const char* name;
    Weaken weaken;
};

/// Operations that `is_matching` become weaker.
Weaken weaker(std::memory_order instead, bool (*is_matching)(bool of_consumer, const Operation& operation)) {
    return [=](std::size_t thread, Operation& operation) {
        if (is_matching(thread == 0, operation)) operation.order = instead;
    };
}

bool is_acquire(const Operation& operation) { return operation.kind == Kind::load && operation.order == acquire; }
bool is_release(const Operation& operation) { return operation.kind == Kind::store && operation.order == release; }
bool is_leave(const Operation& operation) { return operation.kind == Kind::exchange && operation.order == acq_rel; }
bool takes_added(const Operation& operation) { return operation.kind == Kind::exchange && operation.order == acquire; }
bool is_of_abandoned(const Operation& operation) { return abandoned_flags.count(operation.location) != 0; }

const std::vector<Weakening> weakenings{
    {"the fence of producers",
     weaker(relaxed, [](bool of_consumer, auto& operation) { return !of_consumer && operation.kind == Kind::fence; })},
    {"the fence of the consumer",
     weaker(relaxed, [](bool of_consumer, auto& operation) { return of_consumer && operation.kind == Kind::fence; })},
    {"release of a lane that is added",
     weaker(relaxed, [](bool, auto& operation) { return operation.kind == Kind::compare_exchange; })},
    {"acquire of added lanes by poll()",
     weaker(relaxed, [](bool, auto& operation) { return takes_added(operation) && operation.operand == 0; })},
    {"acquire of added lanes by close()",
     weaker(relaxed, [](bool, auto& operation) { return takes_added(operation) && operation.operand != 0; })},
    {"acquire of a lane's end by poll()",
     weaker(relaxed, [](bool, auto& operation) { return is_acquire(operation) && is_of_abandoned(operation); })},
    {"release of a lane by its producer",
     weaker(acquire, [](bool of_consumer, auto& operation) { return !of_consumer && is_leave(operation); })},
    {"acquire of a lane by its producer",
     weaker(release, [](bool of_consumer, auto& operation) { return !of_consumer && is_leave(operation); })},
    {"release of a lane by the consumer",
     weaker(acquire, [](bool of_consumer, auto& operation) { return of_consumer && is_leave(operation); })},
    {"acquire of a lane by the consumer",
     weaker(release, [](bool of_consumer, auto& operation) { return of_consumer && is_leave(operation); })},
    {"acquire of the tokens of a lane", weaker(relaxed,
                                               [](bool of_consumer, auto& operation) {
                                                   return of_consumer && is_acquire(operation) &&
                                                          !is_of_abandoned(operation);
                                               })},
    {"release of a token",
     weaker(relaxed, [](bool of_consumer, auto& operation) { return !of_consumer && is_release(operation); })},
    {"release of a flag that is cleared",
     weaker(relaxed, [](bool of_consumer, auto& operation) { return of_consumer && is_release(operation); })},
    {"acquire of a flag that is clear", weaker(relaxed,
                                               [](bool of_consumer, auto& operation) {
                                                   return !of_consumer && is_acquire(operation) &&
                                                          operation.previous != Kind::fence;
                                               })},
    {"acquire of a flag that is clear behind the fence", weaker(relaxed,
                                                                [](bool of_consumer, auto& operation) {
                                                                    return !of_consumer && is_acquire(operation) &&
                                                                           operation.previous == Kind::fence;
                                                                })},
};

TEST(LaneListModel, each_order_is_needed) {
    for (const auto& weakening : weakenings) {
        const bool missed = std::any_of(scenarios.begin(), scenarios.end(), [&](const auto& scenario) {
            return !scenario.run(weakening.weaken).fault.empty();
        });
        EXPECT_TRUE(missed) << "weaker, and still sound: " << weakening.name;
    }
}

} // namespace
} // namespace pollux::notify::tests::of_lanes
