// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>

namespace pollux::conformance::model {

/// Totals are the counts of runs without a difference.
struct Totals {
    std::size_t sequences = 0, operations = 0, events = 0;
};

/// Calls `work` with 0, 1 ... `count` - 1, each in a process of its own, and adds up their totals. Call it while the
/// process has one thread.
///
/// Returns: the first exit status that is not 0, and then ends the other processes. Errors: std::system_error.
int run_workers(std::size_t count, const std::function<int(std::size_t, Totals&)>& work, Totals& totals);

} // namespace pollux::conformance::model
