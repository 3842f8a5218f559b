// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>
#include <vector>

/// The versions of all that a report is about.
namespace pollux::conformance {

/// Facts are pairs of a name and a text, in the order of reports.
using Facts = std::vector<std::pair<std::string, std::string>>;

/// The versions of the suite, of the contract, and of the compiler that built the suite.
Facts suite_facts();
/// The versions of the kernel and the C library, and the machine.
Facts system_facts();

/// Returns a line for each: "suite: 0.1.0".
std::string text_of(const Facts& facts);

} // namespace pollux::conformance
