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

bool Comparison::is_asked_for(const std::string& workload) const {
    if (workload.find(only_) == std::string::npos) return false;
    if (!except_.empty() && workload.find(except_) != std::string::npos) return false;
    std::fprintf(stderr, "%s\n", workload.c_str());
    return true;
}

static int run(int argc, char** argv, const About& about, const std::function<void(Comparison&)>& all) {
    CLI::App app(about.purpose, about.name);
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
        machine(), plan.rounds, turn, about.first_column, table_of(comparison.rows(), about.contenders));
    return 0;
}

int main_of(int argc, char** argv, const About& about, const std::function<void(Comparison&)>& all) try {
    return run(argc, argv, about, all);
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}

} // namespace pollux::bench
