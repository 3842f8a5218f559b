// SPDX-License-Identifier: BSL-1.0
#include "adapted_plugin.hpp"

#include "c_plugin.hpp"
#include "plugin_validation.hpp"
#include "search.hpp"

#include <pollux/plugin.hpp>

#include <cstdint>
#include <utility>

namespace pollux {
namespace {

std::vector<OptionSetting> options_of(const Plugin& plugin) {
    std::vector<OptionSetting> options;
    for (std::uint32_t i = 0; i < plugin.option_count; ++i) {
        const auto& [name, default_value, help] = plugin.options[i];
        options.push_back(
            {.name = name, .default_value = escaped(default_value), .help = escaped(help), .value = default_value});
    }
    return options;
}

/// Returns the LoadedPlugin of a plugin, or null and the `refusal`, if it cannot be used.
std::unique_ptr<const LoadedPlugin> adapt(const void* plugin, std::string& refusal) {
    const auto& [version, size, abi] = *static_cast<const Head*>(plugin);
    if (version != interface_version) {
        refusal = other_version(version);
    } else if (size >= sizeof(Head) && abi && is_c_abi(abi)) {
        const auto& in_c = *static_cast<const pollux_c_plugin*>(plugin);
        refusal = validate_c_plugin(in_c);
        if (refusal.empty()) return std::make_unique<const CPlugin>(in_c);
    } else {
        const auto& in_cpp = *static_cast<const Plugin*>(plugin);
        refusal = validate(in_cpp);
        if (refusal.empty()) return std::make_unique<const CppPlugin>(in_cpp);
    }
    return nullptr;
}

} // namespace

std::string adapt(const void* plugin, FoundPlugin& found, const std::string& abi,
                  std::unique_ptr<const LoadedPlugin>& adapted) {
    std::string refusal;
    auto made = adapt(plugin, refusal);
    if (!made) return refusal;
    const auto& declared = made->declared();
    refusal = validate_texts(declared, plugin_of(found.file));
    if (refusal.empty()) refusal = difference_of(declared, found, abi);
    if (!refusal.empty()) return refusal;
    found.name = declared.name;
    found.summary = escaped(declared.summary ? declared.summary : "");
    found.is_layer = declared.kind == PluginKind::layer;
    found.rank = declared.rank;
    if (!found.is_layer) found.capabilities = copy_of(*declared.capabilities);
    found.options = options_of(declared);
    adapted = std::move(made);
    return {};
}

} // namespace pollux
