// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "demo/demo.hpp"
#include "demo/measure.hpp"

#include <string>
#include <utility>
#include <vector>

namespace pollux::tools {

/// Results are the measurements of a demonstration, and why others are missing.
struct Results {
    std::vector<Measurement> measurements;
    std::vector<std::pair<std::string, std::string>> not_usable; // backends that cannot be opened, and the reason
    bool was_interrupted = false;

    /// Returns what is wrong with a measurement; empty if nothing is.
    std::string fault_of(const Measurement& measured) const;
    bool has_failed() const;

    /// Returns a table, and remarks.
    std::string text(const DemoOptions& options) const;
    /// Returns the results as docs/pollux-demo.schema.json describes them.
    std::string json(const DemoOptions& options) const;
};

} // namespace pollux::tools
