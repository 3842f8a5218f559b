// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "model.hpp"
#include "scene.hpp"
#include "second_thread.hpp"

#include <pollux/conformance.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pollux::conformance::model {

/// What is wrong with a backend: at which operation, and what the model expected.
struct Difference {
    std::string backend;
    std::size_t operation;
    std::string fault;
};

/// A sequence as all backends carried it out, side by side, until one differed.
struct Run {
    std::size_t operations = 0; // that made sense, of one backend
    std::size_t events = 0;     // of all backends
    std::optional<Difference> difference;
    /// What each backend answered, by operation, if that was asked for.
    std::vector<std::vector<std::string>> answers;
};

/// The threads that act beside the one that selects.
struct Threads {
    SecondThread other, racing;
};

/// One backend with a scene of its own, held to the model at each step.
class Trial {
  public:
    /// `index`: of the trial in its process. `limit`: how long to wait for what has to come.
    Trial(const Subject& subject, int index, bool with_pipes, const Sequence& sequence, std::chrono::nanoseconds limit,
          Threads& threads);

    /// Carries out the operation. `token`: of the watch that it makes. `answer`: filled if it is not null. Returns what
    /// is wrong with the answer; empty if nothing is.
    std::string step(const Operation& operation, Token token, std::string* answer);
    /// Whether the operation makes sense; else it is passed over.
    bool allows(const Operation& operation) const;

    std::size_t events() const { return events_; }

  private:
    std::string act(const Operation& operation, Token token);
    std::string judge(const Operation& operation, Token token, const Facts& before);
    std::string race(const Operation& operation, Token token);
    std::string select(std::size_t room, std::string* answer);
    std::span<const Event> call_select(std::size_t room, std::error_code& error);

    std::chrono::nanoseconds limit_;
    Scene scene_;
    Model model_;
    Threads& threads_;
    int races_ = 0;
    std::error_code error_; // of the last call
    std::size_t events_ = 0;
    std::vector<Event> buffer_;
    std::unique_ptr<Selector> selector_; // destroyed before its sources
};

Run run(const std::vector<Subject>& subjects, const Sequence& sequence, std::chrono::nanoseconds limit,
        bool with_answers = false);

} // namespace pollux::conformance::model
