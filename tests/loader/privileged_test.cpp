// SPDX-License-Identifier: BSL-1.0
// What a process may do that has more power than who started it.
#include "program.hpp"

#include "environment.hpp"
#include "library.hpp"

#include <pwd.h>
#include <sys/statvfs.h>

namespace pollux::loader_tests {
namespace {

using Privileged = LoaderTest;

TEST_F(Privileged, environment_of_an_ordinary_process_counts) {
    backend.set("good");
    plugin_path.set(fixtures);
    const auto environment = Environment::of_process();
    EXPECT_FALSE(environment.privileged);
    EXPECT_EQ(environment.backend, "good");
    EXPECT_EQ(environment.plugin_path, fixtures);
}

TEST_F(Privileged, file_that_others_can_write) {
    const TemporaryFolder folder;
    const auto file = put(fixture("good"), folder, "good");
    for (const auto mode : {0757, 0775}) {
        fs::permissions(file, fs::perms(mode));
        const auto refused = load(file, true);
        EXPECT_EQ(refused.open, nullptr);
        EXPECT_EQ(refused.refusal, file.string() + " can be written by others, and this process is privileged");
    }
    EXPECT_EQ(load(file, false).refusal, "");
}

TEST_F(Privileged, folder_that_others_can_write) {
    const TemporaryFolder folder;
    const auto file = put(fixture("good"), folder / "plugins", "good");
    if (geteuid() == 0) {
        EXPECT_EQ(load(file, true).refusal, "");
    }
    for (const auto mode : {0757, 0775, 01777}) {
        fs::permissions(folder / "plugins", fs::perms(mode));
        EXPECT_TRUE(says(load(file, true).refusal, {folder.string(), "can be written by others"}));
    }
    EXPECT_EQ(load(file, false).refusal, "");
}

TEST_F(Privileged, others_are_all_but_root) {
    EXPECT_FALSE(others_can_write("/"));
    EXPECT_TRUE(others_can_write("/tmp"));
    EXPECT_TRUE(others_can_write("/nonexistent"));
}

/// A program that is set-uid to another user, and what it prints.
class SetUid : public LoaderTest {
  protected:
    void SetUp() override {
        struct statvfs mount {};
        ASSERT_EQ(statvfs(folder.string().c_str(), &mount), 0);
        const passwd* const nobody = getpwnam("nobody");
        if (geteuid() != 0 || (mount.f_flag & ST_NOSUID) || !nobody) {
            GTEST_SKIP() << "not checked: that a set-uid program ignores the environment and refuses what others can "
                            "write. Only root can make such a program for the user nobody, on a mount that allows it.";
        }
        user = nobody->pw_uid;
        fs::copy_file(EXPLAIN_PROGRAM, program);
        set_uid(true);
        good = put(fixture("good"), plugins, "good");
    }

    void set_uid(bool on) {
        ASSERT_EQ(chown(program.c_str(), user, static_cast<gid_t>(-1)), 0);
        fs::permissions(program, fs::perms(on ? 04755 : 0755));
    }

    /// What the program says when it is asked for "good" in the folder of plugins.
    std::string story() { return story_of(program.string(), "good", plugins.string()); }

    std::string story_of(const std::string& called, const std::string& asked, const std::string& searched) {
        std::vector<std::string> arguments{called, asked};
        if (!searched.empty()) arguments.push_back(searched);
        return output_of(program, arguments);
    }

    TemporaryFolder folder;
    fs::path program = folder / "explain";
    fs::path plugins = folder / "plugins";
    fs::path good;
    uid_t user = 0;
    static constexpr auto ignored = "ignored the environment: this process is privileged";
};

TEST_F(SetUid, ignores_the_environment) {
    backend.set("nosuch");
    plugin_path.set(plugins.string());
    const auto privileged = story_of(program.string(), "", "");
    EXPECT_TRUE(says(privileged, {"\"auto\"", ignored}));
    EXPECT_FALSE(says(privileged, {plugins.string()}));
    EXPECT_FALSE(says(privileged, {"nosuch"}));

    set_uid(false);
    const auto ordinary = story_of(program.string(), "", "");
    EXPECT_TRUE(says(ordinary, {"\"nosuch\" (from POLLUX_BACKEND)", plugins.string()}));
    EXPECT_FALSE(says(ordinary, {ignored}));
}

TEST_F(SetUid, opens_what_only_root_or_its_user_can_write) {
    EXPECT_TRUE(says(story(), {"opened backend \"good\"", ignored}));
    ASSERT_EQ(chown(good.c_str(), user, user), 0);
    ASSERT_EQ(chown(plugins.c_str(), user, user), 0);
    EXPECT_TRUE(says(story(), {"opened backend \"good\"", ignored}));
}

TEST_F(SetUid, refuses_a_file_that_others_can_write) {
    for (const auto mode : {0777, 0757, 0775}) {
        fs::permissions(good, fs::perms(mode));
        EXPECT_TRUE(says(story(), {"cannot open", good.string() + " can be written by others", "privileged"}));
    }
    set_uid(false);
    EXPECT_TRUE(says(story(), {"opened backend \"good\""}));
}

TEST_F(SetUid, refuses_a_folder_that_others_can_write) {
    for (const auto mode : {0777, 0757, 0775, 01777}) {
        fs::permissions(plugins, fs::perms(mode));
        EXPECT_TRUE(says(story(), {"cannot open", plugins.string() + " can be written by others", "privileged"}));
    }
    set_uid(false);
    EXPECT_TRUE(says(story(), {"opened backend \"good\""}));
}

TEST_F(SetUid, refuses_what_belongs_to_another_user) {
    ASSERT_EQ(chown(good.c_str(), user - 1, static_cast<gid_t>(-1)), 0);
    EXPECT_TRUE(says(story(), {"cannot open", good.string() + " can be written by others"}));
    ASSERT_EQ(chown(good.c_str(), 0, static_cast<gid_t>(-1)), 0);
    ASSERT_EQ(chown(plugins.c_str(), user - 1, static_cast<gid_t>(-1)), 0);
    EXPECT_TRUE(says(story(), {"cannot open", plugins.string() + " can be written by others"}));
}

TEST_F(SetUid, trusts_nobody_but_root_when_it_is_set_gid) {
    ASSERT_EQ(chown(program.c_str(), 0, 1), 0);
    fs::permissions(program, fs::perms(02755));
    const auto story_for_user = [this] {
        return output_of(program, {program.string(), "good", plugins.string()}, User{user, 2});
    };
    EXPECT_TRUE(says(story_for_user(), {"opened backend \"good\"", ignored}));
    // Its effective user is who started it.
    ASSERT_EQ(chown(good.c_str(), user, static_cast<gid_t>(-1)), 0);
    EXPECT_TRUE(says(story_for_user(), {"cannot open", good.string() + " can be written by others"}));
}

TEST_F(SetUid, refuses_a_file_that_is_asked_for_too) {
    fs::permissions(good, fs::perms(0777));
    EXPECT_TRUE(says(story_of(program.string(), good.string(), ""), {"cannot open", "can be written by others"}));
}

TEST_F(SetUid, is_not_misled_by_its_first_argument) {
    const auto elsewhere = folder / "elsewhere";
    put(fixture("good"), elsewhere / "pollux", "good");
    const auto story = story_of((elsewhere / "explain").string(), "good", "");
    EXPECT_TRUE(says(story, {"cannot open", "searched: " + (folder / "pollux").string()}));
    EXPECT_FALSE(says(story, {elsewhere.string()}));
}

} // namespace
} // namespace pollux::loader_tests
