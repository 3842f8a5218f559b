// SPDX-License-Identifier: BSL-1.0
#include "choice_json.hpp"

#include "not_tried.hpp"

#include <string>

namespace pollux::tools {
namespace {

void write_plugin(JsonWriter& json, const FoundPlugin& plugin) {
    json.begin('{').member("name", plugin.name).member("file", plugin.file.string()).member("summary", plugin.summary);
    if (!plugin.is_layer) json.member("rank", plugin.rank);
    write_options(json, plugin.options, true);
    json.end('}');
}

void write_attempts(JsonWriter& json, const char* name, const std::vector<Attempt>& attempts) {
    json.key(name).begin('[');
    for (const auto& attempt : attempts) {
        json.begin('{').member("plugin", attempt.backend);
        if (!attempt.file.empty()) json.member("file", attempt.file.string());
        json.member("opened", attempt.reason.empty());
        if (!attempt.reason.empty()) json.member("reason", attempt.reason);
        json.end('}');
    }
    json.end(']');
}

} // namespace

void write_options(JsonWriter& json, const std::vector<OptionSetting>& options, bool with_values) {
    json.key("options").begin('[');
    for (const auto& option : options) {
        json.begin('{').member("name", option.name).member("default", option.default_value).member("help", option.help);
        if (with_values) json.member("value", option.value).member("given", option.is_given);
        json.end('}');
    }
    json.end(']');
}

void write_choice(JsonWriter& json, const Choice& choice) {
    json.member("opened", choice.backend.has_value());
    json.member("requested", choice.requested).member("origin", choice.origin);
    json.member("requested_layers", choice.requested_layers);
    if (!choice.refusal.empty()) json.member("refusal", choice.refusal);
    if (choice.backend) {
        json.member("stack", choice.stack()).key("backend");
        write_plugin(json, *choice.backend);
    }
    json.key("layers").begin('[');
    for (const auto& layer : choice.layers) write_plugin(json, layer);
    json.end(']');
    write_attempts(json, "attempts", choice.attempts);
    write_attempts(json, "passed_over", choice.passed_over);
    json.key("not_tried").begin('[');
    for (const auto& backend : not_tried(choice))
        json.begin('{').member("file", backend.file.string()).member("rank", backend.rank).end('}');
    json.end(']').member("installed", choice.installed).key("searched").begin('[');
    for (const auto& folder : choice.folders) json.value(folder.string());
    json.end(']').member("notes", choice.notes);
}

} // namespace pollux::tools
