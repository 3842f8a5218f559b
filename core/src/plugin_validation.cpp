// SPDX-License-Identifier: BSL-1.0
#include "plugin_validation.hpp"

#include "c_plugin.hpp"
#include "stack_list.hpp"

#include <cstring>
#include <string_view>
#include <system_error>

namespace pollux {
namespace {

std::string quoted(const char* text) { return text ? "\"" + std::string(text) + "\"" : "null"; }

std::string invalid_name(const char* name) {
    return "its name is " + quoted(name) + ", which is not a plugin's name: expected [a-z0-9_]+";
}

std::string other_name(const char* name, const std::string& expected) {
    return "its name is " + quoted(name) + ", expected " + quoted(expected.c_str()) + " as in its file's name";
}

std::string kind_name(PluginKind kind) {
    if (kind == PluginKind::backend) return "a backend";
    return kind == PluginKind::layer ? "a layer" : "kind " + std::to_string(static_cast<std::uint32_t>(kind));
}

std::string unknown_kind(PluginKind kind) {
    return "neither a backend nor a layer: this program does not know " + kind_name(kind);
}

std::string other_abi(const char* abi) {
    const bool is_c = abi && std::string_view(abi).starts_with("c ");
    return "built with ABI " + quoted(abi) + ", this program has " + quoted(is_c ? POLLUX_C_ABI : abi_tag);
}

/// Returns what is wrong with the options of a plugin; empty if they are valid.
std::string validate_options(const Plugin& plugin) {
    if (plugin.option_count > most_options)
        return "it has " + std::to_string(plugin.option_count) + " options, expected at most " +
               std::to_string(most_options);
    if (plugin.option_count > 0 && !plugin.options) return "its options are null: expected a table";
    for (std::uint32_t i = 0; i < plugin.option_count; ++i) {
        const auto& [name, default_value, help] = plugin.options[i];
        if (!name || !default_value || !help) return "its option " + std::to_string(i) + " has a text that is null";
        if (!is_plugin_name(name)) return "its option " + quoted(name) + " has no valid name: expected [a-z0-9_]+";
        for (std::uint32_t other = 0; other < i; ++other) {
            if (std::strcmp(plugin.options[other].name, name) == 0) return "it has option " + quoted(name) + " twice";
        }
    }
    return {};
}

/// Returns what is wrong with the capabilities of a backend; empty if they are valid. A smaller structure could end in
/// the middle of a pointer.
std::string validate_capabilities(const Capabilities* capabilities) {
    if (!capabilities) return "its capabilities are null: expected those of a backend";
    // Members that later versions of the interface append are not required.
    constexpr std::size_t least_size =
        offsetof(Capabilities, timeout_resolution) + sizeof(Capabilities::timeout_resolution);
    if (capabilities->size >= least_size) return {};
    return "its capabilities have size " + std::to_string(capabilities->size) + ", expected at least " +
           std::to_string(least_size);
}

} // namespace

std::string other_version(std::uint32_t version) {
    return "built for interface version " + std::to_string(version) + ", this program has " +
           std::to_string(interface_version);
}

std::string validate_texts(const Plugin& plugin, const std::string& expected_name) {
    if (!plugin.name || !is_plugin_name(plugin.name)) return invalid_name(plugin.name);
    if (!expected_name.empty() && expected_name != plugin.name) return other_name(plugin.name, expected_name);
    return validate_options(plugin);
}

std::string validate(const Plugin& plugin) {
    const bool has_abi = plugin.size >= sizeof(Head);
    if (has_abi && (!plugin.abi || std::strcmp(plugin.abi, abi_tag) != 0)) return other_abi(plugin.abi);
    // Members that later versions of the interface append are not required.
    constexpr std::size_t least_size = offsetof(Plugin, open) + sizeof(Plugin::open);
    if (plugin.size < least_size)
        return "its Plugin has size " + std::to_string(plugin.size) + ", expected at least " +
               std::to_string(least_size);
    if (plugin.generic_category != &std::generic_category())
        return "linked with a C++ standard library of its own: its std::generic_category() is not that of this program";
    if (plugin.kind != PluginKind::backend && plugin.kind != PluginKind::layer) return unknown_kind(plugin.kind);
    if (plugin.kind == PluginKind::backend) {
        if (auto fault = validate_capabilities(plugin.capabilities); !fault.empty()) return fault;
    }
    return plugin.open ? std::string() : "its open is null: expected a function";
}

std::string difference_of(const Plugin& plugin, const FoundPlugin& described, const std::string& abi) {
    if (!described.described) return {};
    const auto differs = [](const char* what, const std::string& in_file, const std::string& in_plugin) {
        return std::string("the description in its file has ") + what + " " + in_file + ", its Plugin has " + what +
               " " + in_plugin;
    };
    const auto kind = described.is_layer ? PluginKind::layer : PluginKind::backend;
    if (plugin.abi != abi) return differs("ABI", quoted(abi.c_str()), quoted(plugin.abi));
    if (plugin.rank != described.rank)
        return differs("rank", std::to_string(described.rank), std::to_string(plugin.rank));
    if (plugin.name != described.name) return differs("name", quoted(described.name.c_str()), quoted(plugin.name));
    if (plugin.kind != kind) return differs("kind", kind_name(kind), kind_name(plugin.kind));
    return {};
}

std::string validate(const DescribedPlugin& plugin, const std::string& expected_name) {
    if (plugin.interface_version != interface_version) return other_version(plugin.interface_version);
    if (plugin.kind != PluginKind::backend && plugin.kind != PluginKind::layer) return unknown_kind(plugin.kind);
    const bool is_c = is_c_abi(plugin.abi.c_str());
    if (!is_c && plugin.abi != abi_tag) return other_abi(plugin.abi.c_str());
    if (is_c && plugin.kind == PluginKind::layer)
        return "a layer with the C interface: expected a backend, layers have the C++ one";
    if (!is_plugin_name(plugin.name)) return invalid_name(plugin.name.c_str());
    if (!expected_name.empty() && expected_name != plugin.name) return other_name(plugin.name.c_str(), expected_name);
    return {};
}

} // namespace pollux
