// SPDX-License-Identifier: BSL-1.0
#include "command_line.hpp"

namespace pollux::conformance::model {

CommandLine::CommandLine()
    : app("Compares backends with a model of the Pollux contract, with random sequences of operations",
          "pollux-model") {
    app.add_option("backend", options.backends, "Backends: installed ones by name, others by file")
        ->required()
        ->type_name("BACKEND");
    app.add_option("--seed", options.seed,
                   "Seed of the first sequence, later ones have the next seeds; random by default")
        ->type_name("NUMBER");
    auto* sequences = app.add_option("--sequences", options.sequences, "Number of sequences")
                          ->check(CLI::PositiveNumber)
                          ->type_name("COUNT")
                          ->capture_default_str();
    app.add_option("--seconds", options.seconds, "Duration, instead of a number")
        ->check(CLI::PositiveNumber)
        ->type_name("COUNT")
        ->excludes(sequences);
    app.add_option("--length", options.length, "Operations in a sequence")
        ->check(CLI::PositiveNumber)
        ->type_name("COUNT")
        ->capture_default_str();
    app.add_option("--jobs", options.jobs, "Processes that share the sequences")
        ->check(CLI::Range(1, 256))
        ->type_name("COUNT")
        ->capture_default_str();
    app.add_option("--play", options.played, "Run this sequence, as it was printed")->type_name("SEQUENCE");
    app.footer(tools::text_of(help_sections()));
}

const std::vector<tools::HelpSection>& help_sections() {
    static const std::vector<tools::HelpSection> sections = {
        {"Exit status",
         {{"0", "no difference"},
          {"1", "a difference"},
          {"2", "no run was possible"},
          {"3", "a backend hangs or crashes"}}},
    };
    return sections;
}

} // namespace pollux::conformance::model
