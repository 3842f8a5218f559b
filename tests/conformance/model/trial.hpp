// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "model.hpp"
#include "scene.hpp"
#include "second_thread.hpp"

#include <pollux/conformance/conformance.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pollux::conformance::model {

/// A Difference is an operation of a backend whose result differs from the model, with what was expected and seen.
struct Difference {
    std::string backend;
    std::size_t operation;
    std::string fault;
};

/// A Run is the result of a sequence on all backends until one differed.
struct Run {
    std::size_t operations = 0; // of one backend, without those that were skipped
    std::size_t events = 0;     // of all backends
    std::optional<Difference> difference;
    /// The result of each operation of each backend, if requested.
    std::vector<std::vector<std::string>> results;
};

/// Threads run operations beside the thread that calls select().
struct Threads {
    SecondThread other, racing;
};

/// The tokens of watches that are no part of a Trial, whose events it ignores: this one, and higher ones.
inline constexpr Token first_foreign_token{std::uint64_t{1} << 48};
inline bool is_foreign(Token token) { return token >= first_foreign_token && !is_reserved(token); }

/// The Threads of this process, which all Trials share.
Threads& threads_of_process();

/// A Trial runs one backend with a scene of its own, and compares each step with the model.
class Trial {
  public:
    /// `index`: of the trial in its process. `limit`: how long to wait for expected events.
    Trial(const Subject& subject, int index, bool with_pipes, const Sequence& sequence, std::chrono::nanoseconds limit,
          Threads& threads);

    /// Runs the operation. `token`: of the watch that it makes. `result`: set to the result unless null. Returns the
    /// difference from the model, empty if there is none.
    std::string step(const Operation& operation, Token token, std::string* result);
    /// Whether the operation is possible; otherwise it is skipped.
    bool allows(const Operation& operation) const;

    std::size_t events() const { return events_; }
    const Scene& scene() const { return scene_; }
    Registrator& registrator() { return selector_->registrator(); }

  private:
    std::string act(const Operation& operation, Token token);
    std::string compare(const Operation& operation, Token token, const Facts& before);
    std::string race(const Operation& operation, Token token);
    std::string act_while_asleep(const Operation& operation, Token token);
    bool ends_sleep(const Operation& operation, Token token) const;
    std::string select(std::size_t room, std::string* result);
    std::span<const Event> call_select(std::size_t room, std::error_code& error, std::chrono::nanoseconds timeout = {});

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
        bool with_results = false);

} // namespace pollux::conformance::model
