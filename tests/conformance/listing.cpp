// SPDX-License-Identifier: BSL-1.0
#include "listing.hpp"

#include <array>

namespace pollux::conformance {

std::vector<ListedRule>& listed_rules() {
    static std::vector<ListedRule> rules;
    return rules;
}

std::span<const AbsentRule> absent_rules() {
#ifdef _WIN32
    static constexpr const char* no_limit = "Windows has no limit of handles that a process can lower";
    static constexpr const char* no_descriptor = "Windows has no descriptor that stands for a set of sockets";
    static constexpr const char* no_fork = "Windows has no fork()";
    static constexpr const char* no_signals = "Windows has no signals";
    static constexpr const char* no_table = "the sources of the model are those of Linux";
    static constexpr std::array<AbsentRule, 31> absent{
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
         {"signal.timeouts", no_signals},
         {"sequences.random", no_table},
         {"table.batches", no_table},
         {"table.changes", no_table},
         {"table.descriptors", no_table},
         {"table.states", no_table},
         {"table.threads", no_table},
         {"table.while_asleep", no_table}}};
    return absent;
#else
    return absent_rules_of_process();
#endif
}

} // namespace pollux::conformance
