// SPDX-License-Identifier: BSL-1.0
// Tests of the values of POLLUX_BACKEND and Request::backend.
#include "loader_test.hpp"

#include <pollux/poll.hpp>

#include <algorithm>

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace pollux::loader_tests {
namespace {

class Choosing : public LoaderTest {
  protected:
    Choosing() { plugin_path.set(fixtures); }

    Choice choice_for(const std::string& value) {
        backend.set(value);
        return explain();
    }

    /// Requests an invalid value; returns the reason of the refusal.
    std::string refusal_of(const std::string& value) {
        const auto choice = choice_for(value);
        EXPECT_FALSE(choice.backend);
        EXPECT_TRUE(choice.attempts.empty()) << choice.text();
        EXPECT_TRUE(contains(choice.text(), {"pollux: cannot use backend \"" + value + "\" (from POLLUX_BACKEND)\n",
                                             choice.refusal, "installed: ", "good"}));
        Choice diagnostic;
        EXPECT_EQ(open({}, diagnostic), nullptr);
        return choice.refusal;
    }
};

TEST_F(Choosing, one_name) {
    const auto choice = choice_for("good");
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->name, "good");
    EXPECT_EQ(choice.backend->file, fixture("good"));
    EXPECT_EQ(choice.backend->summary, "a fixture of the loader's tests");
    EXPECT_TRUE(contains(choice.text(), {"pollux: opened backend \"good\" for \"good\" (from POLLUX_BACKEND)\n",
                                         fixture("good").string() + ": opened"}));
}

TEST_F(Choosing, one_name_never_falls_back) {
    const auto choice = choice_for("open_fails");
    EXPECT_FALSE(choice.backend);
    ASSERT_EQ(choice.attempts.size(), 1U) << choice.text();
    EXPECT_TRUE(contains(choice.text(), {"cannot open backend \"open_fails\" (from POLLUX_BACKEND)", "fixture_setup"}));
    EXPECT_THROW(static_cast<void>(open()), OpenError);
}

TEST_F(Choosing, list_continues_and_reports_each) {
    const auto choice = choice_for("wrong_abi,nosuch,good,rank_high");
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->name, "good");
    ASSERT_EQ(choice.attempts.size(), 3U) << choice.text(); // nothing is tried after the first that opens
    EXPECT_TRUE(contains(choice.attempts[0].reason, {"built with ABI"}));
    EXPECT_TRUE(contains(choice.attempts[1].reason, {file_name("nosuch")}));
    EXPECT_EQ(choice.attempts[2].reason, "");
    EXPECT_TRUE(contains(choice.text(), {fixture("wrong_abi").string() + ": built with ABI",
                                         "nosuch: no " + file_name("nosuch"), fixture("good").string() + ": opened"}));
}

TEST_F(Choosing, list_never_falls_back_beyond_itself) {
    const auto choice = choice_for("open_fails,null_open");
    EXPECT_FALSE(choice.backend);
    EXPECT_EQ(choice.attempts.size(), 2U) << choice.text();
    EXPECT_TRUE(contains(choice.text(), {"cannot open any backend of \"open_fails,null_open\"", "fixture_setup"}));
}

TEST_F(Choosing, list_of_names_and_files) {
    const auto choice = choice_for("nosuch," + fixture("good").string());
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->file, fixture("good"));
}

TEST_F(Choosing, auto_takes_the_highest_rank_that_opens) {
    for (const char* value : {"auto", "", "  ", " auto\t"}) {
        const auto choice = choice_for(value);
        ASSERT_TRUE(choice.backend) << choice.text();
        EXPECT_EQ(choice.backend->name, "rank_high") << '"' << value << '"';
        EXPECT_EQ(choice.requested, "auto") << '"' << value << '"';
    }
    backend.set(std::nullopt);
    EXPECT_EQ(explain().backend.value().name, "rank_high");
    EXPECT_TRUE(contains(explain().text(), {"opened backend \"rank_high\" for \"auto\" (the default)"}));
}

TEST_F(Choosing, auto_reports_what_it_tried_before) {
    const auto choice = choice_for("auto");
    ASSERT_EQ(choice.attempts.size(), 2U) << choice.text();
    EXPECT_EQ(choice.attempts[0].backend, "rank_top");
    EXPECT_TRUE(contains(choice.attempts[0].reason, {"fixture_setup: "}));
    EXPECT_EQ(choice.attempts[1].backend, "rank_high");
    EXPECT_EQ(choice.attempts[1].reason, "");
}

TEST_F(Choosing, installed_is_in_order_of_rank_with_ties_by_name) {
    const auto all = installed();
    const auto place_of = [&all](const char* name) {
        return std::ranges::find(all, name, &FoundPlugin::name) - all.begin();
    };
    EXPECT_EQ(place_of("rank_top"), 0);
    EXPECT_EQ(place_of("rank_high"), 1);
    EXPECT_EQ(place_of("rank_tie_a"), 2);
    EXPECT_EQ(place_of("rank_tie_b"), 3);
    EXPECT_LT(place_of("rank_tie_b"), place_of("good"));
    EXPECT_LT(place_of("good"), place_of("bad_name")); // a refused backend is last
    EXPECT_LT(place_of("bad_name"), place_of("wrong_abi"));
    EXPECT_LT(static_cast<std::size_t>(place_of("wrong_abi")), all.size());
    for (const auto& one : all) {
        EXPECT_EQ(one.refusal.empty(), one.loaded != nullptr) << one.name << one.refusal;
        EXPECT_TRUE(one.file.is_absolute()) << one.file;
    }
}

TEST_F(Choosing, spaces_are_trimmed) {
    const auto choice = choice_for(" nosuch ,\tgood ");
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->name, "good");
    EXPECT_EQ(choice.requested, "nosuch ,\tgood");
}

TEST_F(Choosing, program_has_precedence_over_the_environment) {
    backend.set("nosuch");
    const auto choice = explain({.backend = "good"});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.origin, "from the program");
}

TEST_F(Choosing, invalid_values_are_refused) {
    EXPECT_TRUE(
        contains(refusal_of("watermark++good"), {"\"watermark++good\"", "the name of a layer or backend is missing"}));
    EXPECT_TRUE(contains(refusal_of("good?high"), {"\"good?high\"", "expected key=value"}));
    EXPECT_TRUE(contains(refusal_of("good,auto"), {"\"auto\"", "whole list"}));
    EXPECT_TRUE(contains(refusal_of("good,,epoll"), {"element of the list is empty"}));
    EXPECT_TRUE(contains(refusal_of("good,"), {"element of the list is empty"}));
    EXPECT_TRUE(contains(refusal_of(","), {"element of the list is empty"}));
    EXPECT_TRUE(contains(refusal_of(file_name("good")),
                         {"\"" + file_name("good") + "\"", "not the name of a backend or layer"}));
    EXPECT_TRUE(contains(refusal_of("Good"), {"\"Good\"", "lower-case letters"}));
    EXPECT_TRUE(contains(refusal_of(".."), {"\"..\"", "not the name of a backend or layer"}));
}

TEST_F(Choosing, value_with_a_slash_is_a_file) {
    const auto choice = choice_for("/nonexistent/../nonexistent/good");
    ASSERT_EQ(choice.attempts.size(), 1U);
    EXPECT_EQ(choice.attempts[0].file, native("/nonexistent/good"));
    EXPECT_EQ(choice.attempts[0].reason, "No such file or directory");
    EXPECT_EQ(choice_for(fixture("good").string()).backend.value().file, fixture("good"));
}

TEST_F(Choosing, file_may_have_any_name) {
    const TemporaryFolder folder;
    fs::copy_file(fixture("good"), folder / "anything");
    const auto choice = choice_for(folder.string() + "/anything");
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->name, "good");
}

TEST_F(Choosing, real_plugins_open) {
    plugin_path.set(plugins);
    for (const auto& plugin : fs::directory_iterator(plugins)) {
        const bool is_layer = load(plugin.path()).is_layer;
        const auto choice = choice_for(element_of(plugin.path()) + (is_layer ? "+" BACKEND : ""));
        EXPECT_TRUE(choice.backend) << choice.text();
    }
}

/// Whether the process has the shared object.
bool is_loaded(const fs::path& file) {
#ifdef _WIN32
    return GetModuleHandleW(file.c_str()) != nullptr;
#else
    void* const library = dlopen(file.c_str(), RTLD_LAZY | RTLD_NOLOAD);
    if (library) dlclose(library);
    return library != nullptr;
#endif
}

TEST_F(Choosing, plugin_stays_loaded_and_to_itself) {
    const TemporaryFolder folder;
    const auto file = put(fixture("good"), folder, "good");
    EXPECT_FALSE(is_loaded(file));
    Choice choice;
    open({.backend = file.string()}, choice).reset();
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_TRUE(is_loaded(file)) << "unloaded";
#ifndef _WIN32 // the symbols of a DLL are not visible to others
    EXPECT_EQ(dlsym(RTLD_DEFAULT, "pollux_plugin"), nullptr) << "its symbol is visible to all";
#endif
    OpenFailure failure;
    EXPECT_NE(choice.backend->open(failure), nullptr);
}

} // namespace
} // namespace pollux::loader_tests
