// SPDX-License-Identifier: BSL-1.0
#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pollux::bench {
namespace {

const char* verdict(double ratio, double target, const Figure& again) {
    if (ratio <= target) return "met";
    return ratio <= target * (1 + std::abs(again.ratio - 1)) ? "noise" : "missed";
}

std::string cell_of(const Row& row, const std::string& contender) {
    const auto& figures = row.measurement.figures;
    const auto figure =
        std::find_if(figures.begin(), figures.end(), [&](const auto& f) { return f.name == contender; });
    if (figure == figures.end()) return "";
    auto text = fmt::format("{:.2f}", figure->ratio);
    const auto& again = row.measurement.again;
    if (const auto target = row.targets.find(contender); target != row.targets.end()) {
        text += fmt::format(", {} {:.2f}", verdict(figure->ratio, target->second, again), target->second);
    }
    if (const auto limit = row.slower_than.find(contender); limit != row.slower_than.end()) {
        text += fmt::format(", {} > {:.2f}", verdict(limit->second, figure->ratio, again), limit->second);
    }
    return text;
}

std::string line_of(const std::vector<std::string>& cells) { return fmt::format("| {} |\n", fmt::join(cells, " | ")); }

} // namespace

std::string table_of(const std::vector<Row>& rows, const std::vector<std::string>& contenders) {
    if (rows.empty()) return {};
    std::vector<std::string> cells{"workload", rows[0].measurement.again.name, "again (quartiles)"};
    cells.insert(cells.end(), contenders.begin(), contenders.end());
    auto text = line_of(cells) + line_of(std::vector<std::string>(cells.size(), "---"));
    for (const auto& row : rows) {
        const auto& [baseline, again, figures] = row.measurement;
        cells = {row.workload, fmt::format("{:.1f}", baseline),
                 fmt::format("{:.2f} ({:.2f} to {:.2f})", again.ratio, again.low, again.high)};
        for (const auto& contender : contenders) cells.push_back(cell_of(row, contender));
        text += line_of(cells);
    }
    return text;
}

} // namespace pollux::bench
