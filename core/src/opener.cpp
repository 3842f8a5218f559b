// SPDX-License-Identifier: BSL-1.0
#include "opener.hpp"

#include "choice_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pollux {
namespace {

/// A Need is one member of Needs, and the member of Capabilities that it requires.
struct Need {
    const char* name;
    bool Needs::*needed;
    Capability Capabilities::*offered;
};
constexpr std::array<Need, 6> all_needs{{{"oneshot", &Needs::oneshot, &Capabilities::oneshot},
                                         {"level", &Needs::level, &Capabilities::level},
                                         {"edge", &Needs::edge, &Capabilities::edge},
                                         {"pipes", &Needs::pipes, &Capabilities::pipes},
                                         {"files", &Needs::files, &Capabilities::files},
                                         {"priority", &Needs::priority, &Capabilities::priority}}};

/// Returns which need a stack does not offer, with the reason; empty if it offers all.
std::string lack_of(const std::string& stack, const Capabilities& capabilities, const Needs& needs) {
    for (const auto& [name, needed, offered] : all_needs) {
        const auto& capability = capabilities.*offered;
        if (!(needs.*needed) || capability) continue;
        const bool has_no_reason = !capability.reason || *capability.reason == '\0';
        return stack + " does not offer " + name +
               ", which the program needs: " + (has_no_reason ? "no reason given" : capability.reason);
    }
    return {};
}

std::string described(const OpenFailure& failure) {
    const auto step = escaped(failure.step());
    auto sentence = escaped(failure.sentence());
    const auto error = failure.error() ? escaped(failure.error().message()) : std::string();
    if (step.empty() && !sentence.empty()) return sentence;
    if (error.empty() && sentence.empty()) return (step.empty() ? "open" : step) + " failed and gave no reason";
    std::string text = step;
    for (const auto& part : {error, sentence}) text += (text.empty() || part.empty() ? "" : ": ") + part;
    return text;
}

std::string known_options(const FoundPlugin& plugin) {
    if (plugin.options.empty()) return plugin.name + " has no options";
    std::string names;
    for (const auto& option : plugin.options) names += (names.empty() ? "" : ", ") + option.name;
    return "expected of: " + names;
}

/// Sets the options of a plugin that were given. Returns why they are refused; empty if they are not.
std::string set_options(FoundPlugin& plugin, const std::vector<GivenOption>& given) {
    for (const auto& [name, value] : given) {
        const auto known = std::ranges::find(plugin.options, name, &OptionSetting::name);
        if (known == plugin.options.end()) return "option \"" + name + "\" is unknown: " + known_options(plugin);
        known->value = value;
        known->is_given = true;
    }
    return {};
}

} // namespace

bool Opener::find_layers(const std::vector<PluginReference>& layers, std::vector<FoundPlugin>& found) {
    for (const auto& reference : layers) {
        auto layer = candidates_->find(reference);
        if (layer.refusal.empty() && !layer.is_layer)
            layer.refusal = "a backend, not a layer: it can only be the last of a stack";
        if (layer.refusal.empty()) layer.refusal = escaped(set_options(layer, reference.options));
        if (!layer.refusal.empty()) return fail(layer) != nullptr;
        found.push_back(std::move(layer));
    }
    return true;
}

std::unique_ptr<Selector> Opener::fail(const FoundPlugin& plugin) {
    choice_->attempts.push_back({plugin.name, plugin.file, plugin.refusal});
    return nullptr;
}

std::unique_ptr<Selector> Opener::open(FoundPlugin backend, const std::vector<GivenOption>& options,
                                       std::vector<FoundPlugin> layers) {
    if (backend.refusal.empty() && backend.is_layer)
        backend.refusal =
            "a layer, not a backend: expected a backend after it, as in \"" + escaped(backend.name) + "+auto\"";
    if (backend.refusal.empty()) backend.refusal = escaped(set_options(backend, options));
    if (backend.refusal.empty())
        backend.refusal = escaped(lack_of("backend " + backend.name, backend.capabilities, *needs_));
    if (!backend.refusal.empty()) return fail(backend);

    OpenFailure failure;
    auto selector = backend.open(failure);
    if (!selector) {
        backend.refusal = described(failure);
        return fail(backend);
    }
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        selector = layer->open_around(std::move(selector), failure);
        if (selector) continue;
        layer->refusal = described(failure);
        return fail(*layer);
    }
    if (!layers.empty()) {
        backend.refusal = escaped(lack_of("stack " + stack_text(layers, backend), selector->capabilities(), *needs_));
        if (!backend.refusal.empty()) return fail(backend);
    }
    choice_->attempts.push_back({backend.name, backend.file, {}});
    choice_->backend = std::move(backend);
    choice_->layers = std::move(layers);
    return selector;
}

} // namespace pollux
