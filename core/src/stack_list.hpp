// SPDX-License-Identifier: BSL-1.0
// The grammar of POLLUX_BACKEND and POLLUX_LAYERS:
//
//     POLLUX_BACKEND = stack *( "," stack )          tried in order
//     POLLUX_LAYERS  = layer *( "+" layer )
//     stack          = *( layer "+" ) backend        outermost first
//     layer, backend = name or file [ "?" key=value *( "&" key=value ) ]
//
// In files, keys and values, %XX stands for the byte with this hexadecimal number: , + & ? = % have to be written so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pollux {

/// A GivenOption is a key and a value, decoded.
struct GivenOption {
    std::string name;
    std::string value;
};

/// A PluginReference names a layer or a backend, with options.
struct PluginReference {
    std::string text = {};   // as it was given, without blanks around it
    std::string plugin = {}; // its name or its file, decoded
    bool is_file = false;
    std::vector<GivenOption> options = {}; // each key once
};

/// A StackReference names a backend and the layers around it.
struct StackReference {
    std::string text = {};
    std::vector<PluginReference> layers = {}; // outermost first
    PluginReference backend = {};

    /// Returns whether the backend is to be chosen by rank.
    bool is_auto() const { return !backend.is_file && backend.plugin == "auto"; }
};

/// A StackList is the value of POLLUX_BACKEND, parsed.
struct StackList {
    std::vector<StackReference> stacks; // in order; at least one if there is no refusal
    std::string refusal;                // what is wrong with the value; empty if it is valid

    /// An empty value is "auto".
    static StackList parse(std::string_view value);
};

/// A LayerList is the value of POLLUX_LAYERS, parsed.
struct LayerList {
    std::vector<PluginReference> layers; // outermost first; none if the value is empty
    std::string refusal;

    static LayerList parse(std::string_view value);
};

/// Returns the text without the spaces and tabs around it.
std::string_view trim(std::string_view text);

/// Returns whether the text is a plugin's name: [a-z0-9_]+.
bool is_plugin_name(std::string_view text);

/// Returns whether a name or file is a file: it has a path separator.
bool is_plugin_file(std::string_view text);

} // namespace pollux
