// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "rounds.hpp"

#include <map>
#include <string>
#include <vector>

namespace pollux::bench {

/// One workload: what came of it, what ratio the contenders of these names have to reach, and what the others that are
/// named have to stay behind.
struct Row {
    std::string workload;
    Outcome outcome;
    std::map<std::string, double> targets = {};
    std::map<std::string, double> behind = {};
};

/// The rows as a table in Markdown: ratios to the baseline, with the targets. A target that is missed by less than the
/// baseline differs from itself is neither met nor missed.
std::string table_of(const std::vector<Row>& rows, const std::vector<std::string>& contenders);

} // namespace pollux::bench
