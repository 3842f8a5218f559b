// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "listing.hpp"

#include <span>
#include <string>

namespace pollux::conformance {

/// The version of the contract that the rules of this suite are of, unless a rule states a later one.
inline constexpr const char* contract_version = "1.0";

/// A Promise is what docs/contract.md states of one rule.
struct Promise {
    const char* label;
    const char* since; // the first version of the contract that has it
    const char* sentence;
};

std::span<const Promise> promises();

/// An Explanation states what a rule is for.
struct Explanation {
    std::string promise;
    std::string since;
    std::string why;
    std::string what_breaks;
};

/// Returns the explanation of a rule: why and what breaks are those of its group, and of the rule if it has more.
Explanation explanation_of(const ListedRule& rule);

/// Returns the explanation as text of several lines, for --explain.
std::string text_of(const ListedRule& rule);

} // namespace pollux::conformance
