// SPDX-License-Identifier: BSL-1.0
// pollux-model: runs random sequences of operations on several backends, and compares each with a model of the
// contract.
//
// Exit status: 0 no difference, 1 a difference, 2 no run was possible.
#include "../../../tools/standard_streams.hpp"
#include "../process.hpp"
#include "../watchdog.hpp"
#include "command_line.hpp"
#include "generator.hpp"
#include "search.hpp"
#include "sources.hpp"
#include "trial.hpp"
#include "workers.hpp"

#include <pollux/open.hpp>
#include <pollux/time/deadline.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace pollux::conformance::model {
namespace {

using namespace std::chrono_literals;

std::vector<Subject> open_all(const std::vector<std::string>& backends) {
    std::vector<Subject> subjects;
    for (const auto& backend : backends) {
        Choice choice;
        static_cast<void>(open({.backend = backend}, choice));
        if (!choice.backend) throw OpenError(choice.text());
        subjects.push_back(subject_of(choice));
    }
    return subjects;
}

void print(const std::vector<Subject>& subjects, const Sequence& sequence, const Run& run) {
    for (std::size_t i = 0; i < run.results.size(); ++i) {
        fmt::print("  {:3}  {:24}", i + 1, text_of(sequence[i]));
        for (std::size_t backend = 0; backend < subjects.size(); ++backend) {
            const auto& result = run.results[i][backend];
            if (!result.empty()) fmt::print("  {}: {}", subjects[backend].name, result);
        }
        fmt::print("\n");
    }
    for (std::size_t source = 0; source < source_count; ++source) {
        const auto is_its = [source](const auto& step) { return has_source(step.action) && step.source == source; };
        if (std::any_of(sequence.begin(), sequence.end(), is_its))
            fmt::print("  source {}: {}\n", source, kind_of(natures[source]).name);
    }
}

/// Runs one sequence and prints the results of all backends.
int play(const Options& options, const std::vector<Subject>& subjects, const Sequence& sequence) {
    const auto outcome = run(subjects, sequence, patience, true);
    print(subjects, sequence, outcome);
    if (!outcome.difference) {
        fmt::print("no difference\n");
        return 0;
    }
    const auto& [backend, operation, fault] = *outcome.difference;
    fmt::print("{} differs from the contract at operation {}, {}\n{}\n", backend, operation + 1,
               text_of(sequence[operation]), fault);
    fmt::print("replay: pollux-model {} --play \"{}\"\n", fmt::join(options.backends, " "), text_of(sequence));
    return 1;
}

/// Shrinks a failing sequence, and prints it.
int report(const Options& options, const std::vector<Subject>& subjects, std::uint64_t seed, const Sequence& sequence,
           const Difference& first) {
    const auto shortest = shortest_difference(subjects, sequence);
    fmt::print("seed {}: a difference; the shortest sequence found has {} of {} operations:\n", seed, shortest.size(),
               sequence.size());
    if (play(options, subjects, shortest) == 0) {
        fmt::print("... now: it depends on time, or on what went before\n");
        fmt::print("at first {} differed from the contract at operation {}, {}\n{}\n", first.backend,
                   first.operation + 1, text_of(sequence[first.operation]), first.fault);
        fmt::print("replay: pollux-model {} --play \"{}\"\n", fmt::join(options.backends, " "), text_of(shortest));
    }
    fmt::print("find it again: pollux-model {} --seed {} --sequences 1 --length {}\n", fmt::join(options.backends, " "),
               seed, options.length);
    return 1;
}

/// Runs every `jobs`-th sequence, starting with that of `seed`.
int explore(const Options& options, std::uint64_t seed, std::size_t count, Totals& totals) {
    surroundings(); // called while there is one thread
    const auto subjects = open_all(options.backends);
    const time::Deadline end(std::chrono::seconds(options.seconds));
    Watchdog watchdog("pollux-model");
    for (; options.seconds > 0 ? end.left() > 0ns : totals.sequences < count; seed += options.jobs) {
        watchdog.next("pollux-model: the sequence of seed " + std::to_string(seed));
        const auto sequence = generate(seed, options.length);
        const auto outcome = run(subjects, sequence, patience);
        if (outcome.difference) return report(options, subjects, seed, sequence, *outcome.difference);
        ++totals.sequences;
        totals.operations += outcome.operations;
        totals.events += outcome.events;
    }
    return 0;
}

int explore(const Options& options) {
    const auto begin = std::chrono::steady_clock::now();
    // Printed first, for the case that a backend crashes.
    fmt::print("{}: sequences of {} operations, from seed {} on\n", fmt::join(options.backends, ", "), options.length,
               options.seed);
    Totals totals;
    const auto work = [&options](std::size_t index, Totals& part) {
        const auto count = options.sequences / options.jobs + (index < options.sequences % options.jobs ? 1 : 0);
        return explore(options, options.seed + index, count, part);
    };
    if (const int status = run_workers(options.jobs, work, totals)) return status;
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    fmt::print("no difference: {} operations in {} sequences, {} events, {:.1f} s, {:.0f} operations a second\n",
               totals.operations, totals.sequences, totals.events, time.count(),
               static_cast<double>(totals.operations) / time.count());
    return 0;
}

int run_program(int argc, char** argv) {
    CommandLine line;
    auto& app = line.app;
    auto& options = line.options;
    options.seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() / 1s) * 1'000'000;
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help
        fmt::print(stderr, "pollux-model: {}\n  \"pollux-model --help\" prints more\n", escaped(error.what()));
        return 2;
    }
    begin_process();
    block_realtime_signals();
    if (options.played.empty()) return explore(options);
    surroundings();
    const auto subjects = open_all(options.backends);
    const Watchdog watchdog("pollux-model");
    return play(options, subjects, parse(options.played));
}

} // namespace
} // namespace pollux::conformance::model

int main(int argc, char** argv) {
    pollux::tools::occupy_standard_streams();
    int status = 2;
    try {
        status = pollux::conformance::model::run_program(argc, argv);
    } catch (const std::exception& error) {
        if (!pollux::tools::output_failed())
            std::fprintf(stderr, "pollux-model: %s\n", pollux::escaped(error.what()).c_str());
    }
    return pollux::tools::finish_output("pollux-model", status);
}
