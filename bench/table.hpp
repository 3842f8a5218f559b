// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "rounds.hpp"

#include <map>
#include <string>
#include <vector>

namespace pollux::bench {

/// A Row is a workload with its result, the ratios that some contenders have to reach, and those that others must not.
struct Row {
    std::string workload;
    Measurement measurement;
    std::map<std::string, double> targets = {};
    std::map<std::string, double> behind = {};
};

/// Formats the rows as a Markdown table: ratios to the baseline, with the targets. A target that is missed by less than
/// the noise of the baseline is neither met nor missed.
std::string table_of(const std::vector<Row>& rows, const std::vector<std::string>& contenders);

} // namespace pollux::bench
