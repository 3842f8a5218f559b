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
/// A turn takes samples, and its figure is their median. A contender's figure is the median over the rounds of its
/// turn to the baseline's turn in the same round: what disturbs a round disturbs both. The baseline takes part twice;
/// its ratio to itself tells how small a difference means nothing.
namespace pollux::bench {

/// Measures once: the cost of one operation, in whatever unit. Throws if the operations did not do their work.
using Sample = std::function<double()>;

struct Contender {
    std::string name;
    /// Called once, in the contender's process.
    std::function<Sample()> set_up;
};

struct Plan {
    int rounds = 40;
    std::chrono::milliseconds turn{10};
    /// A turn that takes so much longer hangs.
    std::chrono::seconds patience{60};
};

struct Figure {
    std::string name;
    double ratio;     // to the baseline: the median, and
    double low, high; // the quartiles
};

struct Outcome {
    double baseline; // the median of its turns, in the samples' unit
    Figure again;    // the baseline to itself
    std::vector<Figure> figures;
};

/// Compares the others to the first. Throws std::runtime_error if one fails, dies or hangs; by then its process has
/// said why on the standard error stream. To be called while the process has one thread.
Outcome compare(const Contender& baseline, const std::vector<Contender>& others, const Plan& plan);

} // namespace pollux::bench
