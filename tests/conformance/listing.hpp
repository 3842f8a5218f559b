// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <span>
#include <vector>

/// The list of all rules, which RULE() fills.
namespace pollux::conformance {

class Rule;

/// A Level states what a broken rule means. A backend is conformant if it keeps each rule of level `must`. A rule of
/// level `should` is a recommendation: the report names it if it is broken. One of level `recorded` measures, and
/// judges nothing.
enum class Level { must, should, recorded };

/// A Need is an ability that a rule cannot do without. If the subject declares that it lacks the ability, the
/// documented refusal is checked instead, and the rule is declared unsupported.
enum class Need : unsigned {
    nothing = 0,
    oneshot = 1,
    level = 2,
    edge = 4,
    any_thread = 8, // changes by other threads than the one in select()
    any_number = 16,
    unchanged_sources = 32,
    closed_sources = 64
};
constexpr Need operator|(Need a, Need b) { return Need{static_cast<unsigned>(a) | static_cast<unsigned>(b)}; }
constexpr bool includes(Need all, Need one) { return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0; }

/// The traits of a rule, which RULE() states after its name: RULE(timeout, resolution, .level = Level::should).
struct RuleTraits {
    Level level = Level::must;
    /// How long the rule takes in a full run on an idle machine, if that is 0.3 s or more. The longest rules are
    /// started first. Nothing depends on it but the duration of the run.
    std::chrono::milliseconds takes{0};
    Need needs = Need::nothing;
};

/// A ListedRule describes a rule to the runner.
struct ListedRule {
    const char* group;
    const char* behaviour;
    const char* label;
    const char* file;
    int line;
    RuleTraits traits;
    Rule* (*make)();
};

std::vector<ListedRule>& listed_rules();

/// An AbsentRule names a rule that has no meaning on this system, and the reason; it is not run.
struct AbsentRule {
    const char* label;
    const char* reason;
};

std::span<const AbsentRule> absent_rules();
/// On POSIX systems: depends on the permissions of this process.
std::span<const AbsentRule> absent_rules_of_process();

/// A RuleListing adds a rule to those that the suite runs.
struct RuleListing {
    explicit RuleListing(const ListedRule& rule) { listed_rules().push_back(rule); }
};

} // namespace pollux::conformance

/// Defines the test of one rule: RULE(add, duplicate) tests the promise of a public header that has the label
/// [add.duplicate]. The comment above it is published in docs/contract.md. The arguments after the name are RuleTraits.
#define RULE(group, behaviour, ...)                                                                                    \
    namespace {                                                                                                        \
    class rule_##group##_##behaviour final : public ::pollux::conformance::Rule {                                      \
        void check() override;                                                                                         \
    };                                                                                                                 \
    const ::pollux::conformance::RuleListing listing_##group##_##behaviour{                                            \
        {#group, #behaviour, #group "." #behaviour, __FILE__, __LINE__,                                                \
         ::pollux::conformance::RuleTraits{__VA_ARGS__},                                                               \
         []() -> ::pollux::conformance::Rule* { return new rule_##group##_##behaviour; }}};                            \
    }                                                                                                                  \
    void rule_##group##_##behaviour::check()
