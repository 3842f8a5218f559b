// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string_view>

namespace pollux::tools {

/// A file that `pollux new` writes. In its name and its text, @NAME@ stands for the plugin's name.
struct TemplateFile {
    std::string_view name;
    std::string_view text;
};

/// tools/new/template, built in: so it is there wherever the command is.
extern const std::array<TemplateFile, 3> project_template;

} // namespace pollux::tools
