// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "document.hpp"

#include <string>

namespace pollux::conformance {

/// Returns why no report can be written to a file of this name: its ending names no form. Empty if one can.
std::string fault_of_report(const std::string& file);

/// Writes a report, in the form that the file's ending names. The file appears, or is replaced, when the report is
/// complete. Returns what failed; empty if nothing did.
std::string write_report(const std::string& file, const Document& document);

} // namespace pollux::conformance
