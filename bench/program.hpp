// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "rounds.hpp"
#include "table.hpp"

#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace pollux::bench {

/// A Description has the texts of a benchmark program.
struct Description {
    std::string name;
    std::string purpose;
    std::string first_column; // the unit of the baseline's figures
    std::vector<std::string> contenders;
};

/// A Comparison runs the workloads that the command line selects.
class Comparison {
  public:
    using Ratios = std::map<std::string, double>;

    Comparison(const Plan& plan, std::string only, std::string except);

    /// Runs a workload. `set_up` is a template that makes it for a contender class, each of which has a `name`; the
    /// first is the baseline. The other parameters are those of Row.
    template <typename Baseline, typename... Others, typename SetUp>
    void run(const std::string& workload, const SetUp& set_up, const Ratios& targets = {},
             const Ratios& slower_than = {}) {
        if (!is_selected(workload)) return;
        std::fprintf(stderr, "%s\n", workload.c_str());
        const Contender baseline{Baseline::name, [&] { return set_up.template operator()<Baseline>(); }};
        const std::vector<Contender> others{{Others::name, [&] { return set_up.template operator()<Others>(); }}...};
        rows_.push_back({workload, compare(baseline, others, plan_), targets, slower_than});
    }

    const std::vector<Row>& rows() const noexcept { return rows_; }

  private:
    bool is_selected(const std::string& workload) const;

    const Plan plan_;
    const std::string only_, except_;
    std::vector<Row> rows_;
};

/// The main function of a benchmark: parses the command line, calls `all` to run every workload, and prints the table.
int main_of(int argc, char** argv, const Description& description, const std::function<void(Comparison&)>& all);

} // namespace pollux::bench
