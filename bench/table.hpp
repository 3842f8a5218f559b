// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "rounds.hpp"

#include <map>
#include <string>
#include <vector>

namespace pollux::bench {

/// A Row is a workload with its result. `targets` are the highest ratios that contenders should have; those of
/// `slower_than` should have at least these.
struct Row {
    std::string workload;
    Measurement measurement;
    std::map<std::string, double> targets = {};
    std::map<std::string, double> slower_than = {};
};

/// Formats the rows as a Markdown table: ratios to the baseline, with the targets. A target that is missed by less than
/// the noise of the baseline is neither met nor missed.
std::string table_of(const std::vector<Row>& rows, const std::vector<std::string>& contenders);

} // namespace pollux::bench
