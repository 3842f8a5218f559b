// SPDX-License-Identifier: BSL-1.0
#include "demo.hpp"

#include "descriptor_limit.hpp"
#include "diagnostic.hpp"
#include "examine.hpp"
#include "interrupt.hpp"
#include "measure.hpp"
#include "results.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace pollux::tools {
namespace {

// Needed besides two for each connection: for streams, two Selectors, a listener, and descriptors of libraries.
constexpr std::size_t descriptors_beside = 64;

void run(Results& results, const Request& request, const DemoOptions& options) {
    Progress progress;
    const std::chrono::seconds time(options.seconds);
    results.measurements.push_back(measure(request, static_cast<std::size_t>(options.connections), time, progress));
}

void run_all(Results& results, const DemoOptions& options) {
    for (const auto& seen : examine_installed()) {
        if (was_interrupted()) return;
        if (seen.is_layer) continue;
        if (seen.obstacle.empty()) {
            run(results, {.backend = element_of(seen.file)}, options); // other plugins may have the same name
        } else {
            results.not_usable.emplace_back(seen.name, seen.obstacle);
        }
    }
}

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
        fmt::print(stderr, "{}\n", diagnostic(choice));
        return 1;
    }
    handle_interrupts();
    Results results;
    if (options.all) {
        run_all(results, options);
    } else {
        run(results, {.backend = options.backend}, options);
    }
    results.was_interrupted = was_interrupted();
    fmt::print("{}", options.as_json ? results.json(options) : results.text(options));
    return results.has_failed() ? 1 : 0;
}

} // namespace pollux::tools
