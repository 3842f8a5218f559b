// SPDX-License-Identifier: BSL-1.0
// Compares pollux/timer_wheel.hpp with the timers of others.
#include "asio.hpp"
#include "ev.hpp"
#include "processor.hpp"
#include "rounds.hpp"
#include "table.hpp"
#include "uv.hpp"
#include "wheel.hpp"
#include "workloads.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

using namespace pollux::bench;

/// `set_up` is a template that makes the workload of a kind of timers; the first is the baseline.
template <typename Baseline, typename... Others, typename SetUp>
Outcome compared(const Plan& plan, const SetUp& set_up) {
    const Contender baseline{Baseline::name, [&] { return set_up.template operator()<Baseline>(); }};
    return compare(baseline, {{Others::name, [&] { return set_up.template operator()<Others>(); }}...}, plan);
}

template <typename SetUp>
void run(std::vector<Row>& rows, const Plan& plan, const std::string& workload, const SetUp& set_up) {
    std::fprintf(stderr, "%s\n", workload.c_str());
    rows.push_back(
        {workload, compared<WheelTimers, AsioTimers, EvTimers, UvTimers>(plan, set_up), {}, {{"libev", 1.0}}});
}

std::vector<Row> rows_of(const Plan& plan, const std::string& only, std::size_t most) {
    std::vector<Row> rows;
    const auto add = [&](const std::string& operation, std::size_t count, const auto& set_up) {
        const auto workload = fmt::format("{}, {} timers", operation, count);
        if (workload.find(only) != std::string::npos && count <= most) run(rows, plan, workload, set_up);
    };
    for (const std::size_t count : {1'000U, 100'000U, 1'000'000U}) {
        add("insert", count, [&]<typename T> { return work<T>(count, &Work<T>::insert); });
        add("cancel", count, [&]<typename T> { return work<T>(count, &Work<T>::cancel); });
        add("rearm", count, [&]<typename T> { return work<T>(count, &Work<T>::rearm); });
        add("fire", count, [&]<typename T> { return work<T>(count, &Work<T>::fire); });
    }
    return rows;
}

int run(int argc, char** argv) {
    CLI::App app("Compares the timer wheel of Loop with the timers of others", "timers");
    Plan plan;
    int turn = static_cast<int>(plan.turn.count());
    std::string only;
    std::size_t most = 1'000'000;
    app.add_option("--rounds", plan.rounds, "In each, every contender has a turn")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--turn", turn, "Milliseconds")->check(CLI::PositiveNumber)->capture_default_str();
    app.add_option("--only", only, "The workloads with this in their names");
    app.add_option("--most", most, "No workloads with more timers than that")->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    }
    plan.turn = std::chrono::milliseconds(turn);
    const auto rows = rows_of(plan, only, most);
    fmt::print("{}\n{} rounds of turns of {} ms. The first column: nanoseconds for an operation of the bare wheel; the"
               " others: ratios\nto it, and the targets.\n\n{}",
               machine(), plan.rounds, turn, table_of(rows, {"asio", "libev", "libuv"}));
    return 0;
}

} // namespace

int main(int argc, char** argv) try { return run(argc, argv); } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
