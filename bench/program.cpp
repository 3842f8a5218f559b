// SPDX-License-Identifier: BSL-1.0
#include "program.hpp"

#include "processor.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <utility>

namespace pollux::bench {

Comparison::Comparison(const Plan& plan, std::string only, std::string except)
    : plan_(plan), only_(std::move(only)), except_(std::move(except)) {}

bool Comparison::is_selected(const std::string& workload) const {
    if (workload.find(only_) == std::string::npos) return false;
    return except_.empty() || workload.find(except_) == std::string::npos;
}

static int run(int argc, char** argv, const Description& description, const std::function<void(Comparison&)>& all) {
    CLI::App app(description.purpose, description.name);
    Plan plan;
    int turn = static_cast<int>(plan.turn.count());
    std::string only, except;
    app.add_option("--rounds", plan.rounds, "In each, every contender has a turn")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--turn", turn, "Milliseconds")->check(CLI::PositiveNumber)->capture_default_str();
    app.add_option("--only", only, "The workloads with this in their names");
    app.add_option("--except", except, "No workloads with this in their names");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    }
    plan.turn = std::chrono::milliseconds(turn);
    Comparison comparison(plan, only, except);
    all(comparison);
    fmt::print(
        "{}\n{} rounds of turns of {} ms. The first column: {}; the others: ratios to it,\nand the targets.\n\n{}",
        machine(), plan.rounds, turn, description.first_column, table_of(comparison.rows(), description.contenders));
    return 0;
}

int main_of(int argc, char** argv, const Description& description, const std::function<void(Comparison&)>& all) try {
    return run(argc, argv, description, all);
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}

} // namespace pollux::bench
