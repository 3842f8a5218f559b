// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../harness/simulated_selector.hpp"
#include "loop_test.hpp"

#include <memory>

namespace pollux::loop::tests {

/// A Loop whose time is moved by its sleeps, and by the test: it takes no real time, and each time is exact.
struct Simulated {
    explicit Simulated(const LoopOptions& options = {})
        : loop(std::make_unique<harness::SimulatedSelector>(simulation), options) {}

    /// The time since the simulation began.
    std::chrono::nanoseconds now() const { return simulation->now() - begun; }
    /// Time passes, as in a callback that takes long.
    void advance(std::chrono::nanoseconds time) const { simulation->advance(time); }

    const std::shared_ptr<harness::Simulation> simulation = std::make_shared<harness::Simulation>();
    const Clock::time_point begun = simulation->now();
    Loop loop;
};

} // namespace pollux::loop::tests
