// SPDX-License-Identifier: BSL-1.0
#include "trial.hpp"

#include "../describe.hpp"
#include "../process.hpp"
#include "../watchdog.hpp"

#include <pollux/time/deadline.hpp>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

namespace pollux::conformance::model {
namespace {

using namespace std::chrono_literals;

/// Above all open descriptors of a process with few, so that no other file gets the descriptor of a closed source.
constexpr Source first_descriptor = 500;

constexpr std::size_t room_of_a_race = 64;

std::size_t room_for(const Sequence& sequence) {
    std::size_t most = room_of_a_race;
    for (const auto& operation : sequence) {
        if (operation.action == Action::select) most = std::max(most, operation.amount);
    }
    return most;
}

std::unique_ptr<Selector> open(const Subject& subject) {
    OpenFailure failure;
    auto selector = subject.open(failure);
    if (!selector) throw std::runtime_error(subject.name + ": " + describe(failure));
    return selector;
}

Token token_of(const Operation& operation, Token own) {
    return operation.token == TokenKind::own    ? own
           : operation.token == TokenKind::wake ? wake_token
                                                : Token{static_cast<std::uint64_t>(wake_token) - 0xffff};
}

} // namespace

Trial::Trial(const Subject& subject, int index, bool with_pipes, const Sequence& sequence,
             std::chrono::nanoseconds limit, Threads& threads)
    : limit_(limit),
      scene_(first_descriptor + index * static_cast<Source>(source_count), index, with_pipes, sequence),
      model_(subject.capabilities),
      threads_(threads),
      buffer_(room_for(sequence)),
      selector_(open(subject)) {}

bool Trial::allows(const Operation& operation) const {
    // remove() makes the descriptor of a source that was closed while registered usable [close.while_registered].
    if ((operation.action == Action::reopen || operation.action == Action::dup) && model_.watches(operation.source))
        return false;
    const auto& world = scene_.world();
    if (operation.action == Action::dup && world.allow(operation) &&
        model_.may_still_watch(operation.source, world.slot_of(operation.amount)))
        return false;
    return world.allow(operation);
}

std::string Trial::step(const Operation& operation, Token token, std::string* result) {
    if (operation.action == Action::select) return select(operation.amount, result);
    std::string fault;
    if (operation.thread == Thread::race) {
        fault = race(operation, token);
    } else if (operation.thread == Thread::asleep && ends_sleep(operation, token)) {
        fault = act_while_asleep(operation, token);
    } else {
        const auto before = scene_.world().facts(operation.source);
        if (operation.thread != Thread::same) {
            threads_.other.call([&] { fault = act(operation, token); });
        } else {
            fault = act(operation, token);
        }
        if (fault.empty()) fault = compare(operation, token, before);
    }
    const bool is_call = is_registration(operation.action) || operation.action == Action::wake;
    if (result && is_call) *result = describe(error_);
    return fault;
}

/// Operations that do not change the world may run beside select().
std::string Trial::act(const Operation& operation, Token token) {
    auto& registrator = selector_->registrator();
    const auto source = scene_.descriptor(operation.source);
    const Watch watch{token_of(operation, token), operation.interest, operation.mode};
    switch (operation.action) {
    case Action::add:
        error_ = registrator.add(source, watch);
        return {};
    case Action::modify:
        error_ = registrator.modify(source, watch);
        return {};
    case Action::remove:
        error_ = registrator.remove(source);
        return {};
    case Action::wake:
        error_.clear();
        for (std::size_t i = 0; i < operation.amount && !error_; ++i) error_ = registrator.wake();
        return {};
    default:
        return scene_.act(operation);
    }
}

/// Compares the result with the model, and applies the operation to the world.
std::string Trial::compare(const Operation& operation, Token token, const Facts& before) {
    const auto source = operation.source;
    const auto& world = scene_.world();
    const Watch watch{token_of(operation, token), operation.interest, operation.mode};
    switch (operation.action) {
    case Action::add:
        return model_.added(source, world, watch, error_);
    case Action::modify:
        return model_.modified(source, world, watch, error_);
    case Action::remove:
        return model_.removed(source, error_);
    case Action::wake:
        return model_.woken(operation.amount, error_);
    default:
        break;
    }
    scene_.apply(operation);
    model_.changed(operation, before, world);
    const auto slot = world.slot_of(source);
    const bool is_last = operation.action == Action::close && !world.is_in_use(slot) && !model_.may_hold(slot);
    return is_last ? scene_.expect_gone(slot, limit_) : "";
}

std::string Trial::race(const Operation& operation, Token token) {
    const auto before = scene_.world().facts(operation.source);
    model_.begin_race(operation, scene_.world());
    std::string fault, fault_of_other;
    // Both threads have a processor before one of them starts, so that they run at the same time with little loss. The
    // head start of one of them differs from race to race.
    Semaphore is_started;
    std::atomic<bool> may_start = false;
    const int head_start = ++races_ * 7 % 256;
    threads_.racing.start([&] {
        is_started.post();
        while (!may_start) std::this_thread::yield();
        for (int i = 0; i < head_start; ++i) may_start.load();
        fault_of_other = act(operation, token);
    });
    is_started.wait();
    may_start = true;
    int calls = 0;
    do {
        std::error_code error;
        const auto events = call_select(room_of_a_race, error);
        if (fault.empty()) fault = model_.selected(1, room_of_a_race, events, error, scene_.world());
        if (++calls % 50 == 0) std::this_thread::yield(); // in case there is only one processor
    } while (threads_.racing.is_busy());
    threads_.racing.wait();
    if (fault.empty()) fault = fault_of_other;
    if (fault.empty()) fault = compare(operation, token, before);
    return fault.empty() ? model_.end_race(operation, before, scene_.world()) : fault;
}

/// Whether nothing has to be reported now, and an event of the source after the operation, if it succeeds.
bool Trial::ends_sleep(const Operation& operation, Token token) const {
    for (std::size_t source = 0; source < source_count; ++source) {
        if (model_.is_due(source, scene_.world())) return false;
    }
    auto model = model_;
    auto world = scene_.world();
    const Watch watch{token_of(operation, token), operation.interest, operation.mode};
    const auto before = world.facts(operation.source);
    if (operation.action == Action::add) {
        model.added(operation.source, world, watch, {});
    } else if (operation.action == Action::modify) {
        model.modified(operation.source, world, watch, {});
    } else if (!is_registration(operation.action) && has_source(operation.action)) {
        world.apply(operation);
        model.changed(operation, before, world);
    }
    return model.is_due(operation.source, world);
}

std::string Trial::act_while_asleep(const Operation& operation, Token token) {
    const auto before = scene_.world().facts(operation.source);
    model_.begin_race(operation, scene_.world());
    std::string fault_of_other;
    std::atomic<bool> has_returned = false;
    bool is_woken = false;
    threads_.racing.start([&, sleeping = thread_number()] {
        wait_until_asleep(sleeping, [&] { return has_returned.load(); });
        fault_of_other = act(operation, token);
        // Nothing would end the sleep.
        is_woken = is_registration(operation.action) && error_;
        if (is_woken) static_cast<void>(selector_->registrator().wake());
    });
    std::error_code error;
    const auto events = call_select(room_of_a_race, error, limit_);
    has_returned = true;
    threads_.racing.wait();
    if (is_woken) model_.woken(1, {});
    auto fault = model_.selected(1, room_of_a_race, events, error, scene_.world());
    if (fault.empty()) fault = fault_of_other;
    if (fault.empty()) fault = compare(operation, token, before);
    if (fault.empty()) fault = model_.end_race(operation, before, scene_.world());
    if (!fault.empty() || !events.empty() || error) return fault;
    return "expected: select(), which sleeps, reports an event of source " + std::to_string(operation.source) +
           "\n    seen: none";
}

std::span<const Event> Trial::call_select(std::size_t room, std::error_code& error, std::chrono::nanoseconds timeout) {
    error = make_error_code(std::errc::io_error); // select() has to clear it
    const auto events = selector_->select(std::span(buffer_).first(room), timeout, error);
    events_ += events.size();
    const auto end = std::remove_if(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(events.size()),
                                    [](const Event& event) { return is_foreign(event.token); });
    return std::span(buffer_).first(static_cast<std::size_t>(end - buffer_.begin()));
}

std::string Trial::select(std::size_t room, std::string* result) {
    std::optional<time::Deadline> patience;
    for (std::size_t attempt = 1;; ++attempt) {
        std::error_code error;
        const auto events = call_select(room, error);
        if (result) *result = error ? describe(error) : describe(events);
        if (result && attempt > 1) *result += " (attempt " + std::to_string(attempt) + ")";
        const auto fault = model_.selected(attempt, room, events, error, scene_.world());
        if (!fault.empty()) return fault;
        // An event that is due and was not reported may be late.
        auto missing = model_.missing();
        if (missing.empty()) return {};
        if (!patience) patience.emplace(limit_);
        if (patience->left() == 0ns) return missing;
        if (attempt < 20)
            std::this_thread::yield();
        else
            std::this_thread::sleep_for(1ms);
    }
}

Threads& threads_of_process() {
    static Threads& only = *new Threads; // they sleep until the process ends
    return only;
}

Run run(const std::vector<Subject>& subjects, const Sequence& sequence, std::chrono::nanoseconds limit,
        bool with_results) {
    const bool with_pipes = std::all_of(subjects.begin(), subjects.end(),
                                        [](const auto& subject) { return bool(subject.capabilities.pipes); });
    std::vector<std::unique_ptr<Trial>> trials;
    for (const auto& subject : subjects) {
        const auto index = static_cast<int>(trials.size());
        trials.push_back(std::make_unique<Trial>(subject, index, with_pipes, sequence, limit, threads_of_process()));
    }
    Run run;
    for (std::size_t i = 0; i < sequence.size() && !run.difference; ++i) {
        if (with_results) run.results.emplace_back(subjects.size());
        for (std::size_t backend = 0; backend < subjects.size() && !run.difference; ++backend) {
            if (!trials[backend]->allows(sequence[i])) continue;
            Watchdog::note_progress(i + 1, backend + 1);
            if (backend == 0) ++run.operations;
            auto fault =
                trials[backend]->step(sequence[i], Token{i + 1}, with_results ? &run.results[i][backend] : nullptr);
            if (!fault.empty()) run.difference = Difference{subjects[backend].name, i, std::move(fault)};
        }
    }
    for (const auto& trial : trials) run.events += trial->events();
    return run;
}

} // namespace pollux::conformance::model
