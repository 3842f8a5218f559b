// SPDX-License-Identifier: BSL-1.0
// Plugins that are linked into the program: those of this file, which are all the process has ever, and poll_fallback
// as pollux_add_linked_plugin() adds it.
#include "loader_test.hpp"

#include <pollux/linked_plugin.hpp>
#include <pollux/plugin.hpp>
#include <pollux/poll.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>

namespace pollux::loader_tests {
namespace {

constexpr Capabilities nothing{};

std::unique_ptr<Selector> states_itself(const OpenRequest& request, OpenFailure& failure) noexcept {
    failure.set({}, {}, "linked in, with " + std::string(request.option("color")));
    return nullptr;
}
std::unique_ptr<Selector> hands_on(const OpenRequest& request, OpenFailure&) noexcept {
    return std::move(*request.inner);
}

constexpr std::array<Option, 1> color{{{"color", "blue", "a color"}}};

Plugin backend(const char* name, int rank = -100) {
    return {.kind = PluginKind::backend,
            .rank = rank,
            .name = name,
            .summary = "a part of this program",
            .capabilities = &nothing,
            .options = color.data(),
            .option_count = 1,
            .open = states_itself};
}

/// The plugins of this file live as long as the process, as those do that are linked in.
const LinkedPlugin& link(const Plugin& plugin) { return *new LinkedPlugin(new Plugin(plugin)); }
[[maybe_unused]] const auto& best = link(backend("best", 9000));
[[maybe_unused]] const auto& same_as_in_a_file = link(backend("good"));
[[maybe_unused]] const auto& twin = link(backend("twin", 1));
[[maybe_unused]] const auto& other_twin = link(backend("twin", 2));
[[maybe_unused]] const auto& layer = link({.kind = PluginKind::layer,
                                           .rank = 0,
                                           .name = "linked_layer",
                                           .summary = "a layer of this program",
                                           .open = hands_on});

struct Linked : testing::Test {
    EnvironmentVariable path{"POLLUX_PLUGIN_PATH", fixtures};
    EnvironmentVariable requested{"POLLUX_BACKEND", std::nullopt};
    EnvironmentVariable layers{"POLLUX_LAYERS", std::nullopt};

    static FoundPlugin first_found(const std::string& name) {
        const auto all = found();
        const auto at = std::ranges::find(all, name, &FoundPlugin::name);
        return at == all.end() ? FoundPlugin{.refusal = "not found"} : *at;
    }
    static std::string only_reason(const Request& request) {
        const auto choice = explain(request);
        return choice.attempts.size() == 1 ? choice.attempts[0].reason : choice.text();
    }
};

TEST_F(Linked, is_found_under_its_name) {
    const auto plugin = first_found("best");
    EXPECT_EQ(plugin.refusal, "");
    EXPECT_TRUE(plugin.is_linked_in);
    EXPECT_TRUE(plugin.file.empty());
    EXPECT_EQ(plugin.rank, 9000);
    EXPECT_EQ(plugin.summary, "a part of this program");
    ASSERT_EQ(plugin.options.size(), 1U);
    EXPECT_EQ(plugin.options[0].value, "blue");
    EXPECT_EQ(element_of(plugin), "best");
    EXPECT_TRUE(first_found("linked_layer").is_layer);
    EXPECT_FALSE(first_found("rank_top").is_linked_in);
    const auto names = explain().installed;
    EXPECT_TRUE(std::ranges::binary_search(names, "best")) << explain().text();
}

TEST_F(Linked, has_one_plugin_in_all_calls) {
    ASSERT_TRUE(first_found("best").loaded);
    EXPECT_EQ(first_found("best").loaded, first_found("best").loaded);
    const auto all = installed();
    const auto loaded = std::ranges::find(all, "best", &FoundPlugin::name);
    ASSERT_NE(loaded, all.end());
    EXPECT_EQ(loaded->loaded, first_found("best").loaded);
}

TEST_F(Linked, is_opened_by_its_name_with_options) {
    EXPECT_EQ(only_reason({.backend = "best?color=red"}), "linked in, with red");
    EXPECT_EQ(only_reason({.backend = "best"}), "linked in, with blue");
    EXPECT_TRUE(contains(only_reason({.backend = "best?size=1"}), {"option \"size\" is unknown", "color"}));
    EXPECT_TRUE(contains(only_reason({.backend = "best", .needs = {.level = true}}), {"best does not offer level"}));
}

TEST_F(Linked, auto_takes_it_by_its_rank) {
    const auto choice = explain();
    ASSERT_GE(choice.attempts.size(), 3U) << choice.text();
    EXPECT_EQ(choice.attempts[0].backend, "best");
    EXPECT_EQ(choice.attempts[0].reason, "linked in, with blue");
    EXPECT_EQ(choice.attempts[1].backend, "rank_top");
    EXPECT_EQ(choice.backend.value().name, "rank_high");
    const auto by_name = [](const Attempt& attempt) { return attempt.backend == "linked_layer"; };
    EXPECT_TRUE(std::ranges::none_of(choice.attempts, by_name)) << choice.text();
    EXPECT_TRUE(std::ranges::none_of(choice.passed_over, by_name)) << choice.text();
}

TEST_F(Linked, comes_before_a_file_of_its_name) {
    EXPECT_EQ(only_reason({.backend = "good"}), "linked in, with blue");
    const auto all = found();
    const auto hidden = std::ranges::find_if(
        all, [](const FoundPlugin& plugin) { return plugin.name == "good" && !plugin.is_linked_in; });
    ASSERT_NE(hidden, all.end());
    EXPECT_EQ(hidden->refusal, "hidden by the plugin that is linked into the program");
    // The file can still be requested as such.
    const auto choice = explain({.backend = element_of(*hidden)});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_FALSE(choice.backend->is_linked_in);
}

TEST_F(Linked, the_first_of_a_name_counts) {
    EXPECT_EQ(first_found("twin").rank, 1);
    const auto all = found();
    const auto second = std::ranges::find_if(
        all, [](const FoundPlugin& plugin) { return plugin.name == "twin" && !plugin.refusal.empty(); });
    ASSERT_NE(second, all.end());
    EXPECT_EQ(second->refusal, "hidden by another plugin of this name that is linked into the program");
}

TEST_F(Linked, a_layer_is_put_around_a_backend_of_a_file) {
    EXPECT_EQ(explain({.backend = "linked_layer+rank_high"}).stack(), "linked_layer+rank_high");
    EXPECT_EQ(explain({.backend = "linked_layer+auto"}).stack(), "linked_layer+rank_high");
}

TEST_F(Linked, one_that_does_not_fit_is_reported_with_the_reason) {
    static Plugin plugin = backend("misfit", 9999);
    plugin.interface_version = 4000000000U;
    static const LinkedPlugin misfit(&plugin);
    const auto all = found();
    const auto at = std::ranges::find_if(all, [](const FoundPlugin& one) {
        return one.refusal ==
               "built for interface version 4000000000, this program has " + std::to_string(interface_version);
    });
    ASSERT_NE(at, all.end());
    EXPECT_TRUE(at->is_linked_in);
    EXPECT_FALSE(at->loaded);
    EXPECT_EQ(explain().attempts[0].backend, "best");
    EXPECT_TRUE(contains(explain().text(), {"linked into the program: passed over: built for interface version"}));
}

TEST_F(Linked, another_thread_may_link_one_in) {
    constexpr int count = 200;
    std::thread other([] {
        for (int i = 0; i < count; ++i) link(backend((new std::string("late_" + std::to_string(i)))->c_str(), -200));
    });
    const auto is_late = [](const FoundPlugin& plugin) { return plugin.name.starts_with("late_"); };
    for (std::ptrdiff_t before = 0; before < count;) {
        const auto all = found();
        const auto now = std::ranges::count_if(all, is_late);
        EXPECT_GE(now, before);
        EXPECT_TRUE(std::ranges::all_of(all, [&](const FoundPlugin& one) { return !is_late(one) || one.loaded; }));
        before = now;
    }
    other.join();
}

TEST_F(Linked, a_backend_of_this_project_works) {
    Poll poll({.backend = BACKEND});
    ASSERT_TRUE(poll.choice().backend);
    EXPECT_TRUE(poll.choice().backend->is_linked_in);
    Events events;
    ASSERT_FALSE(poll.registrator().wake());
    ASSERT_FALSE(poll.poll(events));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].token, wake_token);
}

} // namespace
} // namespace pollux::loader_tests
