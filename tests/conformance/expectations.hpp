// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pollux::conformance {

/// An Expectation states that a rule is broken by a subject, and why.
struct Expectation {
    std::string subject; // empty: by each
    std::string rule;
    std::string reason;
    bool in_full = false; // a brief run may keep the rule
    std::string file;
    int line = 0;
};

/// Expectations are the known deviations in the files of --expect: a line for each, `<rule> <reason...>` or
/// `<subject>/<rule> <reason...>`, with `@full` after the rule if a brief run may keep it. A "#" at the beginning of a
/// line makes it a comment; empty lines are ignored.
class Expectations {
  public:
    /// Adds the lines of a file. Returns what is wrong with it, a line for each fault; empty if nothing is.
    std::string read(const std::string& file);

    /// Returns the expectation of a rule on a subject, or null. One that names the subject comes first.
    const Expectation* find(std::string_view subject, std::string_view rule) const;

    const std::vector<Expectation>& all() const { return all_; }

  private:
    std::string fault_of(const std::string& line, Expectation& expectation) const;

    std::vector<Expectation> all_;
};

} // namespace pollux::conformance
