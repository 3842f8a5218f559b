// SPDX-License-Identifier: BSL-1.0
#include "version.hpp"

#include "build_facts.hpp"
#include "conformance.hpp"

#include <pollux/open.hpp>
#include <pollux/plugin.hpp>
#include <pollux/version.hpp>

#include <fmt/format.h>

namespace pollux::tools {

std::string version_text() {
    auto text = fmt::format("pollux {}\n"
                            "interface version: {}\n"
                            "compiler: {}\n"
                            "standard library: {}\n"
                            "conformance suite: {}",
                            POLLUX_VERSION_STRING, interface_version, compiler(), standard_library(),
                            has_conformance ? "included" : "not included");
    // An invalid request: its report has the folders, and nothing is loaded for it.
    const auto report = explain({.backend = ","});
    for (const auto& folder : report.folders) text += "\nplugins: " + escaped(folder.string());
    for (const auto& note : report.notes) text += "\nnote: " + escaped(note);
    return text;
}

} // namespace pollux::tools
