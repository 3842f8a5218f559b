// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>

/// What Wine does other than Windows, so that rules can be tried there which it cannot keep.
namespace pollux::conformance {

/// A rule that Wine breaks, whatever the backend does. The rule says itself how far that is tolerated, holds the
/// backend to all else, and is reported as deviating, neither as passed nor as failed.
struct WineDeviation {
    const char* label;
    const char* reason;
};

/// The version of Wine that this process runs on; null on any real system.
const char* wine_version() noexcept;

/// All that is tolerated.
std::span<const WineDeviation> wine_deviations() noexcept;

} // namespace pollux::conformance
