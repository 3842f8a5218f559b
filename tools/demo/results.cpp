// SPDX-License-Identifier: BSL-1.0
#include "demo/results.hpp"

#include "json_writer.hpp"
#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pollux::tools {
namespace {

std::string in_milliseconds(std::chrono::nanoseconds time) {
    return fmt::format("{:.3f} ms", std::chrono::duration<double, std::milli>(time).count());
}

double rate_of(const Measurement& seen) {
    const auto seconds = std::chrono::duration<double>(seen.time).count();
    return seconds > 0 ? static_cast<double>(seen.requests) / seconds : 0.0;
}

/// Returns the reason for the choice in a few words; `pollux explain` gives the full one.
std::string reason_of(const Choice& choice, const DemoOptions& options) {
    if (options.all) return "--all";
    const auto before = choice.attempts.size() - 1;
    auto reason = choice.requested == "auto" ? "auto: the backend with the highest rank that opens"
                                             : fmt::format("\"{}\" {}", choice.requested,
                                                           options.backend.empty() ? choice.origin : "from --backend");
    if (before > 0) reason += fmt::format(", after {} that could not be opened", before);
    return reason;
}

void add_row(Table& table, const Measurement& seen, const DemoOptions& options) {
    table.add({seen.choice.stack(), fmt::format("{}", seen.connections), fmt::format("{:.0f}", rate_of(seen)),
               in_milliseconds(seen.latencies.percentile(0.50)), in_milliseconds(seen.latencies.percentile(0.99)),
               in_milliseconds(seen.latencies.max()), fmt::format("{}", seen.bytes), fmt::format("{}", seen.errors),
               reason_of(seen.choice, options)});
}

void write_measurement(JsonWriter& json, const Measurement& seen, const DemoOptions& options) {
    json.begin('{')
        .member("stack", seen.choice.stack())
        .member("file", seen.choice.backend->file.string())
        .member("chosen", reason_of(seen.choice, options))
        .member("connections", seen.connections)
        .member("requests", seen.requests)
        .member("duration_ns", seen.time.count());
    json.key("requests_per_second").literal(fmt::format("{:.0f}", rate_of(seen)));
    json.key("latency_ns")
        .begin('{')
        .member("p50", seen.latencies.percentile(0.50).count())
        .member("p99", seen.latencies.percentile(0.99).count())
        .member("max", seen.latencies.max().count())
        .end('}');
    json.member("bytes", seen.bytes).member("errors", seen.errors);
    if (seen.errors > 0) json.member("first_error", seen.first_error);
    json.end('}');
}

} // namespace

std::string Results::fault_of(const Measurement& measured) const {
    if (measured.errors > 0) return fmt::format("{} errors, the first: {}", measured.errors, measured.first_error);
    return measured.requests == 0 && !was_interrupted ? "no request was answered in time" : "";
}

bool Results::has_failed() const {
    return std::ranges::any_of(measurements, [this](const auto& measured) { return !fault_of(measured).empty(); });
}

std::string Results::text(const DemoOptions& options) const {
    Table table({{"backend"},
                 {"connections", Align::right},
                 {"requests/s", Align::right},
                 {"p50", Align::right},
                 {"p99", Align::right},
                 {"max", Align::right},
                 {"bytes", Align::right},
                 {"errors", Align::right},
                 {"chosen"}});
    for (const auto& measured : measurements) add_row(table, measured, options);
    std::string text = table.text(Terminal::of_output());
    for (const auto& measured : measurements) {
        if (const auto fault = fault_of(measured); !fault.empty())
            text += fmt::format("  {}: {}\n", escaped(measured.choice.stack()), escaped(fault));
    }
    for (const auto& [name, reason] : not_usable)
        text += fmt::format("  {}: not usable: {}\n", escaped(name), escaped(reason));
    return text + (was_interrupted ? "  interrupted before the end\n" : "");
}

std::string Results::json(const DemoOptions& options) const {
    JsonWriter json;
    json.begin('{').member("format", "pollux-demo/1");
    json.member("connections", options.connections).member("seconds", options.seconds);
    json.member("interrupted", was_interrupted).key("measurements").begin('[');
    for (const auto& measured : measurements) write_measurement(json, measured, options);
    json.end(']').key("not_usable").begin('[');
    for (const auto& [name, reason] : not_usable)
        json.begin('{').member("name", name).member("reason", reason).end('}');
    return json.end(']').end('}').text();
}

} // namespace pollux::tools
