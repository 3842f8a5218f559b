// SPDX-License-Identifier: BSL-1.0
#include "choice_json.hpp"
#include "diagnostic.hpp"
#include "examine.hpp"
#include "json_writer.hpp"
#include "list.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <iterator>

namespace pollux::tools {
namespace {

/// Returns the kind of a plugin; a file that was neither loaded nor describes itself may be either.
const char* kind_of(const Examined& seen) { return seen.is_layer ? "layer" : seen.is_loaded ? "backend" : "unknown"; }

void write_capabilities(JsonWriter& json, const Examined& seen) {
    json.key("capabilities").begin('{');
    for (std::size_t i = 0; i < std::size(named_capabilities); ++i) {
        const auto& [support, reason] = seen.abilities[i];
        json.key(named_capabilities[i].name).begin('{').member("support", name_of(support));
        if (!reason.empty()) json.member("reason", reason);
        json.end('}');
    }
    json.end('}').member("timeout_resolution_ns", seen.timeout_resolution.count());
}

void write_plugin(JsonWriter& json, const Examined& seen) {
    json.begin('{').member("name", seen.name).member("kind", kind_of(seen)).member("file", seen.file.string());
    json.member("usable", seen.obstacle.empty());
    if (!seen.obstacle.empty()) json.member("reason", seen.obstacle);
    if (seen.is_loaded) {
        json.member("summary", seen.summary);
        write_options(json, seen.options, false);
        if (!seen.is_layer) {
            json.member("rank", seen.rank);
            write_capabilities(json, seen);
        }
    }
    json.end('}');
}

} // namespace

int list_as_json() {
    const auto all = examine_installed();
    const auto choice = pollux::explain();
    JsonWriter json;
    json.begin('{').member("format", "pollux-list/1").key("plugins").begin('[');
    for (const auto& seen : all) write_plugin(json, seen);
    json.end(']').key("choice").begin('{').member("opened", choice.backend.has_value());
    json.member("requested", choice.requested).member("origin", choice.origin);
    json.member("requested_layers", choice.requested_layers);
    if (choice.backend) json.member("stack", choice.stack());
    json.member("notes", choice.notes).end('}');
    fmt::print("{}", json.end('}').text());
    if (choice.backend) return 0;
    std::fflush(stdout);
    fmt::print(stderr, "{}\n", diagnostic(choice));
    return 1;
}

} // namespace pollux::tools
