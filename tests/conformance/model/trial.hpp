// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "model.hpp"
#include "scene.hpp"

#include <pollux/conformance.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pollux::conformance::model {

/// What an engine said to one operation; nothing to those that do not concern it.
struct Answer {
    std::string text;
    std::size_t events = 0;
};

/// One engine with a scene of its own, held to the model at each step.
class Trial {
  public:
    /// `limit`: how long to wait for what has to come.
    Trial(const Subject& subject, Source first, bool with_pipes, std::chrono::nanoseconds limit);

    /// Carries out the operation, or passes it over where it makes no sense. `token`: of the watch that it makes.
    /// Returns what is wrong with the answer; empty if nothing is.
    std::string step(const Operation& operation, Token token, Answer& answer);

  private:
    std::string call(const Operation& operation, Token token, Answer& answer);
    std::string wake(std::size_t times, Answer& answer);
    std::string select(std::size_t room, Answer& answer);
    AllFacts all_facts() const;

    std::chrono::nanoseconds limit_;
    Scene scene_;
    Model model_;
    std::unique_ptr<Selector> selector_; // dies before its sources
};

/// What is wrong with an engine: at which operation, and what the model expected.
struct Difference {
    std::string engine;
    std::size_t operation;
    std::string fault;
};

/// A sequence as all engines carried it out, side by side, until one differed.
struct Run {
    std::vector<std::vector<Answer>> answers; // by operation, then by engine
    std::optional<Difference> difference;

    std::size_t events() const;
};

Run run(const std::vector<Subject>& subjects, const Sequence& sequence, std::chrono::nanoseconds limit);

} // namespace pollux::conformance::model
