// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string_view>

namespace pollux::tools {

/// A TemplateFile is a file that `pollux new` writes. In its name and text, @NAME@ stands for the plugin's name.
struct TemplateFile {
    std::string_view name;
    std::string_view text;
};

/// The files of tools/new/template, built into the command: of a plugin that uses system calls, and of one over a
/// library that calls back.
extern const std::array<TemplateFile, 3> project_template;
extern const std::array<TemplateFile, 3> callback_project_template;

} // namespace pollux::tools
