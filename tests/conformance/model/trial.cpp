// SPDX-License-Identifier: BSL-1.0
#include "trial.hpp"

#include "../describe.hpp"

#include <pollux/deadline.hpp>

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace pollux::conformance::model {
namespace {

using namespace std::chrono_literals;

/// Above all that a process of few descriptors has open, so that nobody else is given the number of a closed source.
constexpr Source first_number = 200;

std::unique_ptr<Selector> open(const Subject& subject) {
    OpenFailure failure;
    auto selector = subject.open(failure);
    if (!selector) throw std::runtime_error(subject.name + ": " + failure.step + ": " + describe(failure.error));
    return selector;
}

} // namespace

Trial::Trial(const Subject& subject, Source first, bool with_pipes, std::chrono::nanoseconds limit)
    : limit_(limit), scene_(first, with_pipes), model_(subject.capabilities), selector_(open(subject)) {}

std::string Trial::step(const Operation& operation, Token token, Answer& answer) {
    const auto before = scene_.facts(operation.source);
    if (!before.allow(operation)) return {};
    switch (operation.action) {
    case Action::add:
    case Action::modify:
    case Action::remove:
        return call(operation, token, answer);
    case Action::wake:
        return wake(operation.amount, answer);
    case Action::select:
        return select(operation.amount, answer);
    case Action::reopen:
        // The number of a source that was forgotten becomes usable by remove() [close.forgotten].
        if (model_.watches(operation.source)) return {};
        break;
    default:
        break;
    }
    const bool was_watched = model_.watches(operation.source);
    auto fault = scene_.act(operation);
    model_.changed(operation, before, scene_.facts(operation.source));
    if (operation.action == Action::close && !was_watched) fault = scene_.expect_gone(operation.source, limit_);
    return fault;
}

std::string Trial::call(const Operation& operation, Token token, Answer& answer) {
    const auto source = operation.source;
    auto& registrator = selector_->registrator();
    const Watch watch{operation.asks_for_wake_token ? wake_token : token, operation.interest, operation.mode};
    const auto error = operation.action == Action::add      ? registrator.add(scene_.number(source), watch)
                       : operation.action == Action::modify ? registrator.modify(scene_.number(source), watch)
                                                            : registrator.remove(scene_.number(source));
    answer.text = describe(error);
    const auto& facts = scene_.facts(source);
    return operation.action == Action::add      ? model_.added(source, facts, watch, error)
           : operation.action == Action::modify ? model_.modified(source, facts, watch, error)
                                                : model_.removed(source, error);
}

std::string Trial::wake(std::size_t times, Answer& answer) {
    std::error_code error;
    std::thread([&] {
        for (std::size_t i = 0; i < times && !error; ++i) error = selector_->registrator().wake();
    }).join();
    answer.text = describe(error);
    return model_.woken(times, error);
}

std::string Trial::select(std::size_t room, Answer& answer) {
    std::vector<Event> buffer(room);
    std::optional<Deadline> patience;
    for (std::size_t look = 1;; ++look) {
        auto error = make_error_code(std::errc::io_error); // select() has to clear it
        const auto events = selector_->select(buffer, 0ns, error);
        answer.text = error ? describe(error) : describe(events);
        if (look > 1) answer.text += " (look " + std::to_string(look) + ")";
        answer.events += events.size();
        const auto fault = model_.selected(look, room, events, error, all_facts());
        if (!fault.empty()) return fault;
        // What is due and is not here may be on its way.
        const auto missing = model_.missing();
        if (missing.empty()) return {};
        if (!patience) patience.emplace(limit_);
        if (patience->left() == 0ns) return missing;
        std::this_thread::sleep_for(1ms);
    }
}

AllFacts Trial::all_facts() const {
    AllFacts all{};
    for (std::size_t source = 0; source < source_count; ++source) all[source] = scene_.facts(source);
    return all;
}

std::size_t Run::events() const {
    std::size_t total = 0;
    for (const auto& step : answers) {
        for (const auto& answer : step) total += answer.events;
    }
    return total;
}

Run run(const std::vector<Subject>& subjects, const Sequence& sequence, std::chrono::nanoseconds limit) {
    const bool with_pipes = std::all_of(subjects.begin(), subjects.end(),
                                        [](const auto& subject) { return bool(subject.capabilities.pipes); });
    std::vector<std::unique_ptr<Trial>> trials;
    for (const auto& subject : subjects) {
        const auto first = first_number + static_cast<Source>(trials.size() * source_count);
        trials.push_back(std::make_unique<Trial>(subject, first, with_pipes, limit));
    }
    Run run;
    for (std::size_t i = 0; i < sequence.size(); ++i) {
        auto& answers = run.answers.emplace_back(subjects.size());
        for (std::size_t engine = 0; engine < subjects.size(); ++engine) {
            const auto fault = trials[engine]->step(sequence[i], Token{i + 1}, answers[engine]);
            if (fault.empty()) continue;
            run.difference = Difference{subjects[engine].name, i, fault};
            return run;
        }
    }
    return run;
}

} // namespace pollux::conformance::model
