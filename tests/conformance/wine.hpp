// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>

/// Where Wine differs from Windows, so that rules can be run on it that it breaks.
namespace pollux::conformance {

/// A WineDeviation names a rule that Wine breaks, whatever the backend does. The test of the rule defines what it
/// tolerates, checks the rest, and is reported as deviating, neither as passed nor as failed.
struct WineDeviation {
    const char* label;
    const char* reason;
};

/// The version of Wine that this process runs on; null on any real system.
const char* wine_version() noexcept;

/// All deviations that are tolerated.
std::span<const WineDeviation> wine_deviations() noexcept;

} // namespace pollux::conformance
