// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "sources.hpp"

#include <pollux/capabilities.hpp>

#include <functional>
#include <string>
#include <vector>

namespace pollux::conformance {

/// A SourceEnd is a way in which the near end of a pair ends or fails.
struct SourceEnd {
    std::string name;
    std::function<Pair()> make;
    std::function<void(Pair&)> end;
};

/// Returns the ends of the sources that a backend offers.
std::vector<SourceEnd> source_ends(const Capabilities& capabilities);

} // namespace pollux::conformance
