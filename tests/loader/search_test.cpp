// SPDX-License-Identifier: BSL-1.0
// Tests of the folders that are searched for plugins, and of their order.
#include "loader_test.hpp"

#include <algorithm>

namespace pollux::loader_tests {
namespace {

using Search = LoaderTest;

std::vector<FoundPlugin> named(const std::string& name, std::vector<FoundPlugin> all) {
    std::erase_if(all, [&name](const FoundPlugin& backend) { return backend.name != name; });
    return all;
}

TEST_F(Search, program_then_environment_then_installation) {
    const TemporaryFolder program, environment;
    const fs::path plugin = fs::path(plugins) / file_name(BACKEND);
    put(plugin, program, BACKEND);
    put(plugin, environment, BACKEND);
    plugin_path.set(environment.string());
    const Request request{.backend = BACKEND, .folders = {program}};

    const auto all = explain(request);
    ASSERT_TRUE(all.backend) << all.text();
    EXPECT_EQ(all.backend->file.parent_path(), program);
    ASSERT_GE(all.folders.size(), 3U);
    EXPECT_EQ(all.folders[0], program);
    EXPECT_EQ(all.folders[1], environment);

    EXPECT_EQ(explain({.backend = BACKEND}).backend.value().file.parent_path(), environment);
#ifdef CORE_LIBRARY // if the core is linked in, it is beside the test and not beside the plugins
    plugin_path.set(std::nullopt);
    const auto last = explain({.backend = BACKEND}).backend.value().file.parent_path();
    EXPECT_TRUE(fs::equivalent(last, plugins)) << last;
#endif
}

TEST_F(Search, folders_of_the_variable_in_order) {
    const TemporaryFolder first, second;
    put(fixture("good"), first, "good");
    put(fixture("good"), second, "good");
    plugin_path.set(second.string() + list_separator + first.string());
    EXPECT_EQ(explain({.backend = "good"}).backend.value().file.parent_path(), second);
    plugin_path.set(first.string() + list_separator + second.string());
    EXPECT_EQ(explain({.backend = "good"}).backend.value().file.parent_path(), first);
}

TEST_F(Search, of_two_plugins_of_one_name_the_first_is_used) {
    const TemporaryFolder first, second;
    const auto shown = put(fixture("good"), first, "good");
    const auto hidden = put(fixture("good"), second, "good");
    const Request request{.backend = "good", .folders = {first, second}};
    EXPECT_EQ(explain(request).backend.value().file, shown);
    const auto both = named("good", installed(request));
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(both[0].file, shown);
    EXPECT_EQ(both[0].refusal, "");
    EXPECT_EQ(both[1].file, hidden);
    EXPECT_EQ(both[1].refusal, "hidden by " + shown.string());
    EXPECT_EQ(std::ranges::count(explain(request).installed, "good"), 1);
}

TEST_F(Search, first_is_used_even_if_it_is_broken) {
    const TemporaryFolder first, second;
    const auto broken = put(fixture("wrong_abi"), first, "good");
    put(fixture("good"), second, "good");
    const auto choice = explain({.backend = "good", .folders = {first, second}});
    EXPECT_FALSE(choice.backend) << choice.text();
    ASSERT_EQ(choice.attempts.size(), 1U);
    EXPECT_EQ(choice.attempts[0].file, broken);
    EXPECT_TRUE(contains(choice.attempts[0].reason, {"its name is \"wrong_abi\""}));
}

TEST_F(Search, folder_that_is_listed_twice_is_searched_once) {
    const TemporaryFolder folder;
    put(fixture("good"), folder, "good");
    auto list =
        folder.string() + "/" + list_separator + folder.string() + "/../" + fs::path(folder).filename().string();
#ifndef _WIN32 // libstdc++ makes no links there
    const TemporaryFolder links;
    const auto link = links / "link";
    fs::create_directory_symlink(folder, link);
    list += list_separator + link.string();
#endif
    plugin_path.set(list);
    const Request request{.folders = {folder}};
    EXPECT_EQ(named("good", installed(request)).size(), 1U);
    EXPECT_EQ(std::ranges::count(explain(request).folders, fs::path(folder)), 1);
}

TEST_F(Search, other_files_are_not_plugins) {
    const TemporaryFolder folder;
    auto other_begin = file_name("good"), other_end = file_name("good");
    other_begin.front() = other_end.back() = 'x';
    for (const auto& name :
         {other_begin, other_end, file_name("good").substr(file_name("").find('-') + 1), "other-" + file_name("good"),
          file_name("good") + ".1", file_name(""), file_name("Good")}) {
        fs::copy_file(fixture("good"), folder / name);
    }
    const auto all = installed({.folders = {folder}});
    EXPECT_TRUE(std::ranges::none_of(all, [&](const FoundPlugin& one) { return one.file.parent_path() == folder; }));
}

TEST_F(Search, broken_ones_are_listed_with_their_reason) {
    const TemporaryFolder folder;
    fs::create_directory(folder / file_name("folder"));
    put(fixture("unresolved"), folder, "unresolved");
    const auto all = installed({.folders = {folder}});
    ASSERT_EQ(named("folder", all).size(), 1U);
    EXPECT_EQ(named("folder", all)[0].refusal, "not a regular file");
    ASSERT_EQ(named("unresolved", all).size(), 1U);
    EXPECT_TRUE(contains(named("unresolved", all)[0].refusal, {missing}));
    EXPECT_EQ(named("unresolved", all)[0].loaded, nullptr);
}

TEST_F(Search, missing_folders_are_empty) {
    const auto folder = native("/nonexistent/plugins");
    plugin_path.set(folder);
    const auto choice = explain({.backend = "nosuch"});
    EXPECT_EQ(choice.folders.at(0), folder);
    EXPECT_TRUE(contains(choice.text(), {"no " + file_name("nosuch") + " in " + folder + ", "}));
}

} // namespace
} // namespace pollux::loader_tests
