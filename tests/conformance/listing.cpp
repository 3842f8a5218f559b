// SPDX-License-Identifier: BSL-1.0
#include "listing.hpp"

#include <array>

namespace pollux::conformance {

std::vector<ListedRule>& listed_rules() {
    static std::vector<ListedRule> rules;
    return rules;
}

namespace {

std::span<const AbsentRule> absent_rules_of_system() {
#ifdef _WIN32
    static constexpr const char* no_limit = "Windows has no limit of handles that a process can lower";
    static constexpr const char* no_descriptor = "Windows has no descriptor that stands for a set of sockets";
    static constexpr const char* no_fork = "Windows has no fork()";
    static constexpr const char* no_signals = "Windows has no signals";
    static constexpr std::array<AbsentRule, 24> absent{
        {{"accept.no_descriptor", no_limit},
         {"add.no_memory", no_limit},
         {"descriptor.ends_foreign_wait", no_descriptor},
         {"descriptor.quiet_when_not", no_descriptor},
         {"descriptor.readable_when_ready", no_descriptor},
         {"descriptor.same", no_descriptor},
         {"descriptor.wakes", no_descriptor},
         {"fork.calls_refused", no_fork},
         {"fork.child_destroys", no_fork},
         {"fork.parent_unharmed", no_fork},
         {"open.failure_leaks_nothing", no_limit},
         {"open.limits", no_limit},
         {"priority.once", "Windows has no source that reports a change once"},
         {"scale.descriptor_numbers", "Windows gives sockets no numbers of a program's choice"},
         {"selector.descriptors_closed_while_waiting",
          "no other part of a Windows process knows the handles of a Selector"},
         {"selector.descriptors_closed", "Windows has no closefrom()"},
         {"selector.high_descriptors", "Windows gives handles no numbers of a program's choice"},
         {"selector.lowered_limit", no_limit},
         {"selector.lowered_limit_no_spin", no_limit},
         {"selector.standard_streams", "Windows does not give standard streams the lowest numbers"},
         {"signal.handled_at_once", no_signals},
         {"signal.mask", no_signals},
         {"signal.returns", no_signals},
         {"signal.timeouts", no_signals}}};
    return absent;
#else
    return absent_rules_of_process();
#endif
}

} // namespace

std::span<const AbsentRule> absent_rules() {
    static const std::vector<AbsentRule> all = [] {
        const auto of_system = absent_rules_of_system();
        std::vector<AbsentRule> rules(of_system.begin(), of_system.end());
#ifndef __linux__
        for (const char* const label : {"sequences.random", "table.batches", "table.changes", "table.descriptors",
                                        "table.states", "table.threads", "table.while_asleep"})
            rules.push_back({label, "the sources of the model are those of Linux"});
#endif
        return rules;
    }();
    return all;
}

} // namespace pollux::conformance
