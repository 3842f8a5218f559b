// SPDX-License-Identifier: BSL-1.0
// The report as JSON; docs/conformance-report.schema.json describes it.
#include "../../tools/json_writer.hpp"
#include "document.hpp"
#include "explanations.hpp"

#include <pollux/plugin.hpp>

namespace pollux::conformance {
namespace {

using tools::JsonWriter;

void write_plugins(JsonWriter& json, const Subject& subject) {
    json.key("plugins").begin('[');
    for (const auto& plugin : subject.plugins) {
        json.begin('{')
            .member("name", plugin.name)
            .member("kind", plugin.is_layer ? "layer" : "backend")
            .member("file", plugin.file.string())
            .member("summary", plugin.summary)
            .member("rank", plugin.rank)
            .member("interface_version", interface_version)
            .member("abi", abi_tag);
        json.key("options").begin('{');
        for (const auto& option : plugin.options) json.member(option.name, option.value);
        json.end('}').end('}');
    }
    json.end(']');
}

void write_capabilities(JsonWriter& json, const Capabilities& capabilities) {
    json.key("capabilities").begin('{');
    for (const auto& [name, member] : named_capabilities) {
        const auto& capability = capabilities.*member;
        json.key(name).begin('{').member("support", name_of(capability.support));
        if (capability.reason && *capability.reason != '\0') json.member("reason", capability.reason);
        json.end('}');
    }
    json.end('}');
    if (!capabilities.any_number) json.member("highest_source", capabilities.highest_source);
    json.member("timeout_resolution_ns", capabilities.timeout_resolution.count());
}

void write_expectations(JsonWriter& json, const std::string& subject, const Document& document) {
    json.key("expectations").begin('[');
    for (const auto& each : document.expectations.all()) {
        if (!each.subject.empty() && each.subject != subject) continue;
        json.begin('{')
            .member("rule", each.rule)
            .member("reason", each.reason)
            .member("file", each.file)
            .member("line", each.line)
            .member("outcome", name_of(outcome_of(each, subject, document.results)))
            .end('}');
    }
    json.end(']');
}

void write_rule(JsonWriter& json, const RuleResult& result) {
    json.begin('{')
        .member("rule", result.rule->label)
        .member("level", name_of(result.rule->traits.level))
        .member("since", explanation_of(*result.rule).since)
        .member("outcome", name_of(result.outcome));
    if (!result.reason.empty()) json.member("reason", result.reason);
    json.key("duration_ms").literal(milliseconds(result.findings.duration));
    json.member("runs", result.runs).member("errors", result.errors);
    json.key("seeds").begin('[');
    for (const auto& seed : seeds_of(result)) json.value(seed);
    json.end(']').key("measurements").begin('{');
    for (const auto& [key, value] : result.findings.properties) {
        if (key != "seed" && key != "declared_unsupported" && key != "deviates") json.member(key, value);
    }
    json.end('}').key("failures").begin('[');
    for (const auto& [file, line, text] : result.findings.failures)
        json.begin('{').member("file", file).member("line", line).member("text", text).end('}');
    json.end(']');
    if (!result.findings.failures.empty()) {
        json.member("what_commonly_breaks_it", explanation_of(*result.rule).what_breaks);
        if (!result.findings.output.empty()) json.member("output", result.findings.output);
    }
    json.end('}');
}

void write_subject(JsonWriter& json, const Subject& subject, const Document& document) {
    const auto& results = document.results.of(subject.name);
    const auto verdict = verdict_of(results);
    json.begin('{').member("name", subject.name);
    json.key("verdict").begin('{').member("kind", name_of(verdict.kind)).member("text", text_of(verdict)).end('}');
    write_plugins(json, subject);
    write_capabilities(json, subject.capabilities);
    write_expectations(json, subject.name, document);
    json.key("counts").begin('{');
    for (const auto outcome : outcomes) json.member(name_of(outcome), count_of(results, outcome));
    json.end('}').key("rules").begin('[');
    for (const auto& rule : listed_rules()) write_rule(json, results.at(rule.label));
    json.end(']').end('}');
}

} // namespace

std::string json_of(const Document& document) {
    JsonWriter json;
    json.begin('{').member("format", "pollux-conformance-report/1");
    json.member("versions", document.suite).member("system", document.system);
    json.key("run")
        .begin('{')
        .member("mode", document.is_brief ? "brief" : "full")
        .member("in_process", document.in_process)
        .member("jobs", document.jobs)
        .member("hang_limit_s", document.hang_limit)
        .member("filter", document.filter)
        .member("iterations", document.iterations)
        .member("shuffle_seed", document.seed)
        .member("begun", document.begun);
    json.key("duration_ms").literal(milliseconds(document.duration)).member("status", document.status).end('}');
    json.key("subjects").begin('[');
    for (const auto& subject : document.subjects) write_subject(json, subject, document);
    json.end(']').key("absent_rules").begin('[');
    for (const auto& [label, reason] : absent_rules())
        json.begin('{').member("rule", label).member("reason", reason).end('}');
    return json.end(']').end('}').text();
}

} // namespace pollux::conformance
