// SPDX-License-Identifier: BSL-1.0
// pollux-failing-calls: runs a program on a backend repeatedly; in each run another allocation or system call fails,
// once or from then on. Whatever fails, the program must not crash, hang, spin, leak, or lose an event without an
// error.
//
// Exit status: 0 no run had a fault, 1 a run had one, 2 no run was possible.
#include "allocations.hpp"
#include "calls.hpp"
#include "supervisor.hpp"
#include "workload.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include <sys/wait.h>

namespace pollux::failing_calls {
namespace {

struct Options {
    std::string workload, what, backend;
    std::size_t most = 1000; // of the indexes
    std::size_t part = 1, parts = 1;
    std::size_t only = Failure::never;
    std::string error;
    std::string how = "both";
    bool verbose = false;
};

/// A Runner runs a workload once for each failure that the options select, and prints the faults.
class Runner {
  public:
    explicit Runner(const Options& options) : options_(options) {}

    int run() {
        const auto count = allocations() ? count_allocations() : run_with({}, 1'000'000).calls.size();
        if (count == 0) return 2;
        const auto most = std::min(count, options_.most);
        // A run that reports an error continues for some turns; one that spins makes thousands.
        const auto most_calls = 4 * (allocations() ? 2000 : count) + 40000;
        for (std::size_t index = 0; index < most; ++index) {
            if (options_.only != Failure::never ? index != options_.only : index % options_.parts != options_.part - 1)
                continue;
            for (const bool persists : {false, true}) {
                if (options_.how == (persists ? "once" : "from")) continue;
                for (std::size_t choice = 0; choice < choices_at(index); ++choice)
                    check({index, choice, persists}, most_calls);
            }
        }
        fmt::print("{} over {}: {} of {} {}, {} runs: {} complete, {} reported, {} faults\n", options_.workload,
                   options_.backend, most, count, options_.what, runs_, runs_by_status_[complete],
                   runs_by_status_[reported], faults_);
        return faults_ == 0 ? 0 : 1;
    }

  private:
    bool allocations() const { return options_.what == "allocations"; }

    std::unique_ptr<Workload> make_workload() const {
        if (options_.workload == "notify") return notify_workload();
        if (options_.workload == "look") return look_workload(options_.backend);
        return options_.workload == "loop" ? loop_workload(options_.backend) : poll_workload(options_.backend);
    }

    Run run_with(const Failure& failure, std::size_t most_calls) {
        const auto workload = make_workload();
        const auto body = [&] {
            if (allocations()) Allocations::begin(failure.index, failure.persists);
            const int status = workload->run();
            Allocations::end();
            return status;
        };
        auto run = supervise([&] { workload->begin(); }, body, allocations() ? Failure{} : failure, most_calls);
        if (failure.index == Failure::never && !ends_well(run, true)) return {};
        if (!allocations() && failure.index == Failure::never) calls_ = run.calls;
        return run;
    }

    /// Counts the allocations of a run without a failure. The child writes the count into a pipe: an exit status is too
    /// small.
    std::size_t count_allocations() {
        std::array<int, 2> pipe_ends{};
        if (pipe(pipe_ends.data()) == -1) return 0;
        const auto workload = make_workload();
        supervise([&] { workload->begin(); },
                  [&] {
                      Allocations::begin();
                      const int status = workload->run();
                      const auto count = Allocations::end();
                      return write(pipe_ends[1], &count, sizeof count) == sizeof count ? status : 1;
                  },
                  {}, 1'000'000);
        close(pipe_ends[1]);
        std::size_t count = 0;
        const bool is_whole = read(pipe_ends[0], &count, sizeof count) == sizeof count;
        close(pipe_ends[0]);
        return is_whole ? count : 0;
    }

    /// All errors of the call in a full check; otherwise one, which differs by index.
    std::size_t choices_at(std::size_t index) const {
        if (allocations() || index >= calls_.size()) return 1;
        const auto* const call = find_call(calls_[index]);
        return call && options_.error == "all" ? call->errors.size() : 1;
    }

    static bool ends_well(const Run& run, bool has_no_failure) {
        if (run.is_hung || run.is_spinning || !WIFEXITED(run.status)) return false;
        const int status = WEXITSTATUS(run.status);
        return status == complete || (status == reported && !has_no_failure);
    }

    void check(Failure failure, std::size_t most_calls) {
        if (options_.error != "all") failure.choice = failure.index;
        std::fflush(stdout);
        const auto run = run_with(failure, most_calls);
        ++runs_;
        if (ends_well(run, false)) {
            ++runs_by_status_[WEXITSTATUS(run.status)];
            return;
        }
        ++faults_;
        fmt::print("FAULT {} over {}, {} {}{}{}: {}\n", options_.workload, options_.backend, options_.what,
                   failure.index, failure.persists ? " and later" : "", what_failed(run, failure), text_of(run));
        fmt::print("  again: pollux-failing-calls {} {} {} --only {} --how {} --error {}\n", options_.workload,
                   options_.backend, options_.what, failure.index, failure.persists ? "from" : "once",
                   options_.error.empty() ? "one" : options_.error);
        std::fflush(stdout);
    }

    std::string what_failed(const Run& run, const Failure& failure) const {
        if (allocations() || failure.index >= run.calls.size()) return {};
        const auto* const call = find_call(run.calls[failure.index]);
        return fmt::format(" ({}: {})", call->name, error_name(call->errors[failure.choice % call->errors.size()]));
    }

    static std::string text_of(const Run& run) {
        if (run.is_hung) return "hangs";
        if (run.is_spinning) return fmt::format("spins: {} system calls", run.calls.size());
        if (WIFSIGNALED(run.status)) return fmt::format("ended by SIG{}", sigabbrev_np(WTERMSIG(run.status)));
        switch (WEXITSTATUS(run.status)) {
        case lost_silently:
            return "something was lost, and no error reported";
        case left_open:
            return "a descriptor was left open";
        case has_changed:
            return "a call that failed has changed something";
        default:
            return fmt::format("ended with status {}", WEXITSTATUS(run.status));
        }
    }

    const Options options_;
    std::vector<int> calls_; // of the run without a failure
    std::map<int, std::size_t> runs_by_status_;
    std::size_t runs_ = 0, faults_ = 0;
};

int run(int argc, char** argv) {
    Options options;
    CLI::App app("Makes allocations and system calls fail in a program that uses Pollux.", "pollux-failing-calls");
    app.add_option("workload", options.workload, "the program")
        ->required()
        ->check(CLI::IsMember({"loop", "poll", "look", "notify"}));
    app.add_option("backend", options.backend, "as POLLUX_BACKEND; \"none\" for notify")->required();
    app.add_option("what", options.what, "what fails")->required()->check(CLI::IsMember({"allocations", "calls"}));
    app.add_option("--most", options.most, "try only the first N")->capture_default_str();
    app.add_option("--part", options.part, "try one of --parts parts, from 1")->check(CLI::PositiveNumber);
    app.add_option("--parts", options.parts, "how many parts there are")->check(CLI::PositiveNumber);
    app.add_option("--only", options.only, "try only this index");
    app.add_option("--how", options.how, "whether it fails once, or from then on")
        ->check(CLI::IsMember({"once", "from", "both"}));
    app.add_option("--error", options.error, "all errors of each call, or one")->check(CLI::IsMember({"all", "one"}));
    app.add_flag("--verbose", options.verbose, "print the first error that each run reports");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    Reports::prints = options.verbose;
    return Runner(options).run();
}

} // namespace
} // namespace pollux::failing_calls

int main(int argc, char** argv) try {
    return pollux::failing_calls::run(argc, argv);
} catch (const std::exception& failure) {
    std::fprintf(stderr, "pollux-failing-calls: %s\n", failure.what());
    return 2;
}
