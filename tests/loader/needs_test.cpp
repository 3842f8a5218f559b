// SPDX-License-Identifier: BSL-1.0
// Tests of Request::needs, the capabilities that a program needs.
#include "loader_test.hpp"

#include <pollux/poll.hpp>

#include <utility>

namespace pollux::loader_tests {
namespace {

class NeedsOf : public LoaderTest {
  protected:
    NeedsOf() { plugin_path.set(plugins); }
};

TEST_F(NeedsOf, auto_passes_over_backends_that_lack_them_and_reports_why) {
    const auto choice = explain({.backend = "auto", .needs = {.files = true, .priority = true}});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_TRUE(choice.backend->capabilities.files);
    EXPECT_TRUE(choice.backend->capabilities.priority);
    for (const auto& attempt : choice.attempts) {
        const bool is_backend = attempt.file == choice.backend->file;
        EXPECT_EQ(attempt.reason.empty(), is_backend);
        if (!is_backend) {
            EXPECT_TRUE(
                contains(attempt.reason, {"backend " + attempt.backend + " does not offer ", "the program needs: "}));
        }
    }
}

TEST_F(NeedsOf, auto_fails_if_no_backend_has_them) {
    const auto choice = explain({.folders = {fixtures}, .needs = {.edge = true}});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_TRUE(choice.backend->capabilities.edge);
    EXPECT_TRUE(contains(choice.attempts.at(0).reason, {"backend rank_top does not offer edge"}));
    const TemporaryFolder folder;
    put(fs::path(plugins) / file_name("poll_fallback"), folder, "poll_fallback");
    const auto only = explain({.backend = "poll_fallback", .folders = {folder}, .needs = {.edge = true}});
    EXPECT_FALSE(only.backend) << only.text();
}

TEST_F(NeedsOf, named_backend_is_refused_with_its_reason) {
    const Request request{.backend = "poll_fallback", .needs = {.edge = true}};
    const auto choice = explain(request);
    EXPECT_FALSE(choice.backend);
    const std::string reason = load(fs::path(plugins) / file_name("poll_fallback")).capabilities.edge.reason;
    EXPECT_TRUE(
        contains(choice.text(), {"cannot open backend \"poll_fallback\"",
                                 "backend poll_fallback does not offer edge, which the program needs: " + reason}));
    EXPECT_THROW(static_cast<void>(open(request)), OpenError);
    EXPECT_THROW(Poll{request}, OpenError);
    EXPECT_TRUE(
        explain({.backend = "poll_fallback", .needs = {.oneshot = true, .level = true, .pipes = true}}).backend);
}

TEST_F(NeedsOf, list_continues) {
    const auto choice = explain({.backend = "poll_fallback,epoll", .needs = {.edge = true}});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->name, "epoll");
    EXPECT_TRUE(contains(choice.attempts.at(0).reason, {"does not offer edge"}));
}

TEST_F(NeedsOf, each_is_compared_with_the_capability_of_its_name) {
    plugin_path.set(fixtures); // the folder of plugins that offer nothing
    const std::pair<const char*, Needs> each[] = {{"oneshot", {.oneshot = true}}, {"level", {.level = true}},
                                                  {"edge", {.edge = true}},       {"pipes", {.pipes = true}},
                                                  {"files", {.files = true}},     {"priority", {.priority = true}}};
    for (const auto& [name, needs] : each) {
        const auto choice = explain({.backend = "good", .needs = needs});
        EXPECT_FALSE(choice.backend);
        EXPECT_TRUE(contains(choice.text(), {"does not offer " + std::string(name) + ",", "no reason given"}));
    }
}

} // namespace
} // namespace pollux::loader_tests
