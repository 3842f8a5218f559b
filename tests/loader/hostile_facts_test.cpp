// SPDX-License-Identifier: BSL-1.0
// Tests of plugins whose Plugin, Capabilities, options or results are not as the interface describes them.
#include "loader_test.hpp"

#include <pollux/plugin.hpp>

namespace pollux::loader_tests {
namespace {

class HostileFacts : public LoaderTest {
  protected:
    HostileFacts() { plugin_path.set(fixtures); }

    static std::string refusal_of(const std::string& name) { return load(fixture(name)).refusal; }

    static std::string reason_for(const std::string& stack) {
        const auto choice = explain({.backend = stack});
        EXPECT_FALSE(choice.backend) << choice.text();
        return choice.attempts.empty() ? "no attempt" : choice.attempts.back().reason;
    }
};

TEST_F(HostileFacts, capabilities_that_are_too_small) {
    constexpr auto least = offsetof(Capabilities, timeout_resolution) + sizeof(Capabilities::timeout_resolution);
    const auto expected = ", expected at least " + std::to_string(least);
    EXPECT_EQ(refusal_of("size_of_zero"), "its capabilities have size 0" + expected);
    EXPECT_EQ(refusal_of("cut_size"), "its capabilities have size " + std::to_string(least - 12) + expected);
}

TEST_F(HostileFacts, capabilities_that_are_larger_are_those_of_a_later_version) {
    const auto loaded = load(fixture("large_size"));
    EXPECT_EQ(loaded.refusal, "");
    EXPECT_EQ(loaded.capabilities.size, sizeof(Capabilities));
    EXPECT_EQ(loaded.capabilities.level.support, Support::native);
    EXPECT_STREQ(loaded.capabilities.level.reason, "levels");
    EXPECT_EQ(loaded.capabilities.timeout_resolution, std::chrono::nanoseconds(77));
}

TEST_F(HostileFacts, more_options_than_a_plugin_may_have) {
    EXPECT_EQ(refusal_of("million_options"), "it has 1000000 options, expected at most 256");
    EXPECT_EQ(refusal_of("one_too_many"), "it has 257 options, expected at most 256");
    const auto loaded = load(fixture("all_options"));
    EXPECT_EQ(loaded.refusal, "");
    EXPECT_EQ(loaded.options.size(), most_options);
    const auto choice = explain({.backend = "all_options?option_255=x"});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->options.at(255).value, "x");
}

TEST_F(HostileFacts, option_texts_with_control_bytes_are_escaped) {
    const auto loaded = load(fixture("control_options"));
    ASSERT_EQ(loaded.options.size(), 1U);
    EXPECT_EQ(loaded.options[0].default_value, "1\\x1b[2J\\n\\xff");
    EXPECT_EQ(loaded.options[0].help, "how\\r\\n\\x7fmuch\\x1bc");
    EXPECT_EQ(loaded.options[0].value, "1\033[2J\n\xff");
    const auto choice = explain({.backend = "control_options?size=%1b[2J%0a"});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_TRUE(contains(choice.text(), {"opened backend \"control_options?size=\\x1b[2J\\n\""}));
    EXPECT_TRUE(contains(reason_for("control_options?sise=%1b"), {"option \"sise\" is unknown: expected of: size"}));
}

TEST_F(HostileFacts, summary_that_is_null_is_empty) {
    const auto loaded = load(fixture("null_summary"));
    EXPECT_EQ(loaded.refusal, "");
    EXPECT_EQ(loaded.summary, "");
}

TEST_F(HostileFacts, selector_with_a_failure_is_a_selector) {
    const auto loaded = load(fixture("opens_and_fails"));
    OpenFailure failure;
    EXPECT_NE(loaded.open(failure), nullptr);
    EXPECT_FALSE(failure.error());
    EXPECT_EQ(failure.step(), "");
    EXPECT_TRUE(explain({.backend = "opens_and_fails"}).backend);
    // It is not taken for the reason of a layer.
    EXPECT_EQ(reason_for("layer_fails_in_silence+opens_and_fails"), "open failed and gave no reason");
}

TEST_F(HostileFacts, layer_that_fails_after_it_has_moved_from_its_inner_selector) {
    EXPECT_TRUE(contains(reason_for("layer_moves_and_fails+good"), {"fixture_setup: "}));
    OpenFailure failure;
    EXPECT_EQ(load(fixture("layer_moves_and_fails")).open_around(load(fixture("good")).open(failure), failure),
              nullptr);
    EXPECT_EQ(failure.error(), std::errc::permission_denied);
}

TEST_F(HostileFacts, layer_that_leaves_its_inner_selector_is_refused) {
    const std::string words = "the layer returned a Selector and did not move from its inner one";
    for (const char* stack : {"layer_borrows+good", "layer_shares+good", "layer+layer_borrows+good"}) {
        EXPECT_TRUE(contains(reason_for(stack), {words})) << stack;
    }
    OpenFailure failure;
    EXPECT_EQ(load(fixture("layer_borrows")).open_around(load(fixture("good")).open(failure), failure), nullptr);
    EXPECT_EQ(failure.error(), std::errc::operation_not_supported);
    EXPECT_EQ(failure.sentence(), words);
}

TEST_F(HostileFacts, layer_that_returns_its_inner_selector_changes_nothing) {
    const auto choice = explain({.backend = "layer_passes_on+good"});
    ASSERT_TRUE(choice.backend) << choice.text();
    OpenFailure failure;
    EXPECT_NE(choice.open(failure), nullptr);
}

} // namespace
} // namespace pollux::loader_tests
