// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "json_writer.hpp"

#include <pollux/open.hpp>

#include <vector>

namespace pollux::tools {

/// Writes the member "options" of a plugin: an array of its options. `with_values`: whether each has its value, and
/// whether that was given.
void write_options(JsonWriter& json, const std::vector<OptionSetting>& options, bool with_values);

/// Writes a Choice as members of an object, as docs/pollux-explain.schema.json describes it.
void write_choice(JsonWriter& json, const Choice& choice);

} // namespace pollux::tools
