// SPDX-License-Identifier: BSL-1.0
#include "demo.hpp"

#include "descriptor_limit.hpp"
#include "examine.hpp"
#include "interrupt.hpp"
#include "measure.hpp"
#include "table.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <vector>

namespace pollux::tools {
namespace {

// Needed besides two for each connection: for streams, two Selectors, a listener, and descriptors of libraries.
constexpr std::size_t descriptors_beside = 64;

std::string in_milliseconds(std::chrono::nanoseconds time) {
    return fmt::format("{:.3f} ms", std::chrono::duration<double, std::milli>(time).count());
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
    const auto seconds = std::chrono::duration<double>(seen.time).count();
    const auto rate = seconds > 0 ? static_cast<double>(seen.requests) / seconds : 0.0;
    table.add({seen.choice.stack(), fmt::format("{}", seen.connections), fmt::format("{:.0f}", rate),
               in_milliseconds(seen.latencies.percentile(0.50)), in_milliseconds(seen.latencies.percentile(0.99)),
               in_milliseconds(seen.latencies.max()), fmt::format("{}", seen.bytes), fmt::format("{}", seen.errors),
               reason_of(seen.choice, options)});
}

/// A Series measures each requested backend, and formats the results with remarks.
struct Series {
    std::vector<Measurement> measurements;
    std::string remarks;
    bool failed = false;

    void run(const Request& request, const DemoOptions& options) {
        Progress progress;
        const std::chrono::seconds time(options.seconds);
        measurements.push_back(measure(request, static_cast<std::size_t>(options.connections), time, progress));
        const auto& seen = measurements.back();
        const auto name = seen.choice.stack();
        if (seen.errors > 0) {
            remarks += fmt::format("  {}: {} errors, the first: {}\n", name, seen.errors, escaped(seen.first_error));
        } else if (seen.requests == 0 && !was_interrupted()) {
            remarks += fmt::format("  {}: no request was answered in time\n", name);
        } else {
            return;
        }
        failed = true;
    }

    void run_all(const DemoOptions& options) {
        for (const auto& seen : examine_installed()) {
            if (was_interrupted()) return;
            if (seen.is_layer) continue;
            if (seen.obstacle.empty()) {
                run({.backend = element_of(seen.file)}, options); // by its file: other plugins may have the same name
            } else {
                remarks += fmt::format("  {}: not usable: {}\n", escaped(seen.name), escaped(seen.obstacle));
            }
        }
    }

    std::string text(const DemoOptions& options) const {
        Table table({{"backend"},
                     {"connections", Align::right},
                     {"requests/s", Align::right},
                     {"p50", Align::right},
                     {"p99", Align::right},
                     {"max", Align::right},
                     {"bytes", Align::right},
                     {"errors", Align::right},
                     {"chosen"}});
        for (const auto& seen : measurements) add_row(table, seen, options);
        return table.text() + remarks + (was_interrupted() ? "  interrupted before the end\n" : "");
    }
};

/// Calls pollux::explain(), and sets the origin to the option of the command line.
Choice explained(const DemoOptions& options) {
    auto choice = explain({.backend = options.all ? "auto" : options.backend});
    if (options.all) choice.origin = "from --all";
    if (!options.backend.empty()) choice.origin = "from --backend";
    return choice;
}

} // namespace

int demo(const DemoOptions& options) {
    require_descriptors(2 * static_cast<std::size_t>(options.connections) + descriptors_beside);
    const auto choice = explained(options);
    if (!choice.backend) {
        fmt::print(stderr, "{}\n", choice.text());
        return 1;
    }
    handle_interrupts();
    Series series;
    if (options.all) {
        series.run_all(options);
    } else {
        series.run({.backend = options.backend}, options);
    }
    fmt::print("{}", series.text(options));
    return series.failed ? 1 : 0;
}

} // namespace pollux::tools
