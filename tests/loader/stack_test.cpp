// SPDX-License-Identifier: BSL-1.0
// Tests of options, and of stacks: a backend with layers around it.
#include "loader_test.hpp"

#include <pollux/plugin.hpp>
#include <pollux/poll.hpp>

namespace pollux::loader_tests {
namespace {

class StackOf : public LoaderTest {
  protected:
    StackOf() { plugin_path.set(fixtures + list_separator + plugins); }

    /// Requests a stack that cannot be opened; returns the reason of the last attempt.
    static std::string reason_for(const std::string& stack) {
        const auto choice = explain({.backend = stack});
        EXPECT_FALSE(choice.backend) << choice.text();
        EXPECT_EQ(choice.stack(), "");
        if (choice.attempts.empty()) return "no attempt: " + choice.text();
        EXPECT_TRUE(contains(choice.text(), {choice.attempts.back().reason}));
        return choice.attempts.back().reason;
    }

    static std::string request_with(const std::string& facts) {
        return std::to_string(sizeof(OpenRequest)) + " bytes, " + facts;
    }
};

TEST_F(StackOf, options_have_their_defaults) {
    EXPECT_EQ(reason_for("options"), request_with("size=16, name=, option(name)="));
    const auto loaded = load(fixture("options"));
    ASSERT_EQ(loaded.options.size(), 2U);
    EXPECT_EQ(loaded.options[0].name, "size");
    EXPECT_EQ(loaded.options[0].default_value, "16");
    EXPECT_EQ(loaded.options[0].value, "16");
    EXPECT_EQ(loaded.options[0].help, "how much");
    EXPECT_FALSE(loaded.options[0].is_given);
}

TEST_F(StackOf, options_have_the_values_that_were_given) {
    EXPECT_EQ(reason_for("options?name=a%2Bb&size="), request_with("size=, name=a+b, option(name)=a+b"));
    EXPECT_EQ(reason_for(element_of(fixture("options")) + "?size=16"), request_with("size=16, name=, option(name)="));
}

TEST_F(StackOf, unknown_options_are_refused_with_the_known_ones) {
    EXPECT_EQ(reason_for("options?sise=1"), "option \"sise\" is unknown: expected of: size, name");
    EXPECT_EQ(reason_for("good?size=1"), "option \"size\" is unknown: good has no options");
    EXPECT_EQ(reason_for("layer?size=1+good"), "option \"size\" is unknown: layer has no options");
}

TEST_F(StackOf, values_are_refused_by_the_plugin_with_what_it_expected) {
#ifdef __linux__
    for (const char* value : {"many", "0", "4097", "-1", "", "64x", "1e3", "99999999999999999999"}) {
        EXPECT_EQ(reason_for(std::string("epoll?batch=") + value),
                  std::string("option \"batch\": expected a count from 1 to 4096, was given \"") + value + "\"");
    }
    EXPECT_EQ(reason_for("epoll?batch=%1b[31m"),
              "option \"batch\": expected a count from 1 to 4096, was given \"\\x1b[31m\"");
    for (const char* value : {"1", "4096"}) {
        const auto choice = explain({.backend = std::string("epoll?batch=") + value});
        ASSERT_TRUE(choice.backend) << choice.text();
        EXPECT_EQ(choice.backend->options.at(0).value, value);
        EXPECT_TRUE(choice.backend->options.at(0).is_given);
        EXPECT_EQ(choice.stack(), std::string("epoll?batch=") + value);
    }
#endif
}

TEST_F(StackOf, layers_are_around_a_backend) {
    const auto choice = explain({.backend = "layer+good"});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->name, "good");
    ASSERT_EQ(choice.layers.size(), 1U);
    EXPECT_EQ(choice.layers[0].name, "layer");
    EXPECT_TRUE(choice.layers[0].is_layer);
    EXPECT_EQ(choice.stack(), "layer+good");
    EXPECT_TRUE(contains(choice.text(), {"pollux: opened backend \"layer+good\" for \"layer+good\""}));
    OpenFailure failure;
    const auto selector = choice.open(failure);
    ASSERT_NE(selector, nullptr) << failure.step() << failure.sentence();
    EXPECT_STREQ(selector->capabilities().edge.reason, "this layer is in the way");
}

TEST_F(StackOf, layers_are_opened_from_the_inside) {
    for (const bool is_outer : {false, true}) {
        const auto choice = explain({.backend = is_outer ? "other_layer+layer+good" : "layer+other_layer+good"});
        ASSERT_TRUE(choice.backend) << choice.text();
        Choice opened;
        const auto selector = open({.backend = choice.stack()}, opened);
        ASSERT_NE(selector, nullptr) << opened.text();
        const auto* const reason = is_outer ? "the other layer" : "this layer is in the way";
        EXPECT_STREQ(selector->capabilities().edge.reason, reason);
        OpenFailure failure;
        EXPECT_STREQ(choice.open(failure)->capabilities().edge.reason, reason);
    }
}

TEST_F(StackOf, layers_of_the_environment_are_around_all) {
    layers.set(" layer ");
    for (const std::string program : {"layer+good", "good", "auto", ""}) {
        const auto choice = explain({.backend = program});
        ASSERT_TRUE(choice.backend) << choice.text();
        EXPECT_EQ(choice.layers.size(), program == "layer+good" ? 2U : 1U) << choice.stack();
        EXPECT_TRUE(contains(choice.text(), {"with layers \"layer\" (from POLLUX_LAYERS)"}));
    }
    const Poll poll({.backend = "good"});
    EXPECT_STREQ(poll.capabilities().edge.reason, "this layer is in the way");
}

TEST_F(StackOf, a_layer_that_cannot_be_opened_fails_the_request) {
    for (const auto& [value, fact] :
         {std::pair("nosuch", "no " + file_name("nosuch")), std::pair("good", std::string("a backend, not a layer")),
          std::pair("layer+good", std::string("a backend, not a layer")),
          std::pair("layer?x=1", std::string("option \"x\" is unknown")),
          std::pair("failing_layer?name=x", request_with("size=16, name=x, "
                                                         "option(name)=x, inner"))}) {
        layers.set(value);
        for (const char* requested : {"good", "auto", "rank_high,good"}) {
            const auto choice = explain({.backend = requested});
            EXPECT_FALSE(choice.backend) << choice.text();
            EXPECT_TRUE(contains(choice.text(), {fact}));
            const auto first = choice.text().find(fact);
            const bool is_known_before = fact.find("inner") == fact.npos;
            EXPECT_TRUE(!is_known_before || choice.text().find(fact, first + 1) == std::string::npos) << choice.text();
        }
    }
    for (const char* value : {"+", "auto", "layer?", "A"}) {
        layers.set(value);
        const auto choice = explain({.backend = "good"});
        EXPECT_FALSE(choice.backend) << choice.text();
        EXPECT_TRUE(choice.attempts.empty());
        EXPECT_TRUE(contains(choice.refusal, {"POLLUX_LAYERS: "}));
    }
}

TEST_F(StackOf, a_layer_in_place_of_a_backend_is_refused_and_the_reverse) {
    EXPECT_TRUE(contains(reason_for("layer"), {"a layer, not a backend", "layer+auto"}));
    EXPECT_TRUE(contains(reason_for("layer+layer"), {"a layer, not a backend"}));
    EXPECT_TRUE(contains(reason_for("good+layer"), {"a backend, not a layer"}));
    EXPECT_TRUE(contains(reason_for("good+good"), {"a backend, not a layer"}));
    OpenFailure failure;
    EXPECT_EQ(load(fixture("layer")).open(failure), nullptr);
    EXPECT_EQ(failure.error(), std::errc::operation_not_supported);
    EXPECT_EQ(load(fixture("good")).open_around(load(fixture("good")).open(failure), failure), nullptr);
    EXPECT_EQ(failure.error(), std::errc::operation_not_supported);
    EXPECT_EQ(load(fixture("layer")).open_around(nullptr, failure), nullptr);
    EXPECT_EQ(failure.error(), std::errc::operation_not_supported);
    EXPECT_EQ(FoundPlugin{}.open(failure), nullptr);
    EXPECT_EQ(Choice{}.open(failure), nullptr);
    EXPECT_EQ(failure.error(), std::errc::operation_not_supported);
}

TEST_F(StackOf, auto_in_a_stack_chooses_by_rank) {
    const auto choice = explain({.backend = "layer+auto"});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->name, "rank_high");
    EXPECT_EQ(choice.stack(), "layer+rank_high");
    const auto none = explain({.backend = "failing_layer+auto"});
    EXPECT_FALSE(none.backend) << none.text();
    EXPECT_TRUE(contains(none.text(), {"cannot open any backend of \"failing_layer+auto\""}));
}

TEST_F(StackOf, needs_are_those_of_the_whole_stack) {
    EXPECT_TRUE(explain({.backend = "layer+" BACKEND, .needs = {.level = true}}).backend);
#ifdef __linux__
    EXPECT_TRUE(explain({.backend = "epoll", .needs = {.edge = true}}).backend);
    const auto choice = explain({.backend = "layer+epoll", .needs = {.edge = true}});
    EXPECT_FALSE(choice.backend) << choice.text();
    EXPECT_TRUE(contains(choice.text(), {"stack layer+epoll does not offer edge", "this layer is in the way"}));
#endif
}

TEST_F(StackOf, the_next_stack_of_a_list_is_tried) {
    const auto choice = explain({.backend = "failing_layer+good,layer?x=1+good,layer+good"});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.stack(), "layer+good");
    ASSERT_EQ(choice.attempts.size(), 3U);
    EXPECT_EQ(choice.attempts[0].backend, "failing_layer");
    EXPECT_EQ(choice.attempts[1].file, fixture("layer"));
    EXPECT_EQ(choice.attempts[2].backend, "good");
}

} // namespace
} // namespace pollux::loader_tests
