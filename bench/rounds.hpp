// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

/// Compares contenders on a small and noisy machine: by ratios, measured in turns.
///
///     round 1:  B  baseline  A  baseline     each turn in a process of its own, pinned to processor 0,
///     round 2:  baseline  A  baseline  B     which has its workload set up and sleeps between its turns
///     ...
///
/// A turn takes samples, and its figure is their median. A contender's figure is the median, over all rounds, of the
/// ratio of its turn to the baseline's turn of the same round, since a disturbance affects both. The baseline takes
/// part twice; its ratio to itself is the size of a difference that is noise.
namespace pollux::bench {

/// Measures the cost of one operation once, in any unit. Throws if the operations did not do their work.
using Sample = std::function<double()>;

/// A Contender is an implementation that takes part in a comparison.
struct Contender {
    std::string name;
    /// Called once, in the contender's process.
    std::function<Sample()> set_up;
};

/// A Plan is how long to measure.
struct Plan {
    int rounds = 40;
    std::chrono::milliseconds turn{10};
    /// A turn that takes longer than this is reported as hanging.
    std::chrono::seconds patience{60};
};

/// A Figure is the result of a contender.
struct Figure {
    std::string name;
    double ratio;     // to the baseline: the median
    double low, high; // the quartiles
};

/// A Measurement holds the results of compare().
struct Measurement {
    double baseline; // the median of its turns, in the unit of the samples
    Figure again;    // the ratio of the baseline to itself
    std::vector<Figure> figures;
};

/// Compares the others with the baseline. Throws std::runtime_error if one fails, crashes or hangs, after its process
/// has printed the reason on the standard error stream. Call it while the process has one thread.
Measurement compare(const Contender& baseline, const std::vector<Contender>& others, const Plan& plan);

} // namespace pollux::bench
