// SPDX-License-Identifier: BSL-1.0
// Tests that the current directory is not searched for plugins.
#ifdef _WIN32
#include "loader_test.hpp"
#else
#include "program.hpp"
#endif

#include <algorithm>

namespace pollux::loader_tests {
namespace {

/// Tests that run in a folder of their own with the plugin "good".
class CurrentFolder : public LoaderTest {
  protected:
    CurrentFolder() {
        put(fixture("good"), folder, "good");
        fs::current_path(folder);
        backend.set("good");
    }
    ~CurrentFolder() override { fs::current_path(before); }

    fs::path before = fs::current_path();
    TemporaryFolder folder;
};

TEST_F(CurrentFolder, is_never_searched) {
    const auto absent = native("/nonexistent"), &next = list_separator;
    for (const auto& value : {std::string(), next, next + next, next + absent + next, absent + next + next + absent}) {
        plugin_path.set(value);
        const auto choice = explain();
        EXPECT_FALSE(choice.backend) << value << '\n' << choice.text();
        EXPECT_TRUE(choice.notes.empty()) << choice.text(); // empty elements are not reported
        EXPECT_EQ(std::ranges::count(choice.folders, fs::path(folder)), 0) << choice.text();
        for (const auto& searched : choice.folders) EXPECT_TRUE(searched.is_absolute()) << searched;
    }
    plugin_path.set(std::nullopt);
    EXPECT_FALSE(explain().backend);
}

TEST_F(CurrentFolder, relative_elements_are_ignored_with_a_note) {
    plugin_path.set("." + list_separator + "../plugins");
    const auto choice = explain();
    EXPECT_FALSE(choice.backend) << choice.text();
    EXPECT_EQ(choice.notes,
              (std::vector<std::string>{"ignored \".\" of POLLUX_PLUGIN_PATH: not an absolute path",
                                        "ignored \"../plugins\" of POLLUX_PLUGIN_PATH: not an absolute path"}));
    EXPECT_TRUE(contains(choice.text(), {"\n  " + choice.notes.at(0), "\n  " + choice.notes.at(1)}));
}

TEST_F(CurrentFolder, is_used_for_a_requested_file) {
    backend.set("./" + file_name("good"));
    const auto choice = explain();
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->file, folder / file_name("good"));
}

TEST_F(CurrentFolder, is_used_for_folders_of_the_program) {
    const auto choice = explain({.folders = {".", ""}});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->file, folder / file_name("good"));
}

#ifdef CORE_LIBRARY
TEST_F(CurrentFolder, does_not_show_in_the_folder_beside_the_core) {
    fs::create_directory("lib");
    fs::copy_file(CORE_LIBRARY, fs::path("lib") / fs::path(CORE_LIBRARY_NAME));
    const auto beside = put(fixture("good"), folder / "lib" / "pollux", "good");
    const EnvironmentVariable library_path("LD_LIBRARY_PATH", "lib"); // a relative folder, which the loader accepts
    const auto diagnostic = output_of(SHARED_EXPLAIN_PROGRAM, {"explain", "good"});
    EXPECT_TRUE(contains(diagnostic, {beside.string() + ": opened", "searched: " + beside.parent_path().string()}));
}
#endif

#ifndef _WIN32 // the current folder of a process cannot be removed there
TEST_F(CurrentFolder, may_have_been_removed) {
    const TemporaryFolder gone;
    fs::current_path(gone);
    fs::remove(gone);
    backend.set("./" + file_name("good"));
    const auto choice = explain({.folders = {"plugins"}});
    ASSERT_EQ(choice.attempts.size(), 1U);
    EXPECT_EQ(choice.attempts[0].reason, "No such file or directory");
    EXPECT_TRUE(contains(choice.text(), {"ignored the folder \"plugins\": No such file or directory"}));
}
#endif

} // namespace
} // namespace pollux::loader_tests
