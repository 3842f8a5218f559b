// SPDX-License-Identifier: BSL-1.0
// Tests of a process with more privileges than the user who started it.
#include "program.hpp"

#include "environment.hpp"
#include "file_system.hpp"
#include "library.hpp"

#include <pollux/plugin.hpp>

#include <dlfcn.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace pollux::loader_tests {
namespace {

using Privileged = LoaderTest;

TEST_F(Privileged, environment_of_an_ordinary_process_is_used) {
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
    // The path to a file is checked first, and the folder of an ordinary user is not trusted either.
    const auto named = geteuid() == 0 ? file.string() : file.parent_path().string();
    for (const auto mode : {0757, 0775}) {
        fs::permissions(file, fs::perms(mode));
        const auto refused = load(file, true);
        EXPECT_EQ(refused.loaded, nullptr);
        EXPECT_EQ(refused.refusal, named + " can be written by others, and this process is privileged");
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
        EXPECT_TRUE(contains(load(file, true).refusal, {folder.string(), "can be written by others"}));
    }
    EXPECT_EQ(load(file, false).refusal, "");
}

/// The name of the plugin in a shared object that is loaded by this path.
std::string name_of_loaded(const fs::path& path) {
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
    const auto* const plugin = static_cast<const Plugin*>(dlsym(library, "pollux_plugin"));
    return plugin ? plugin->name : "no plugin";
}

/// Tests of which files root trusts: those of root alone. They need root.
class Trusted : public LoaderTest {
  protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "not checked: what a privileged process trusts is root's, which makes it";
    }

    static std::string refusal_of(const fs::path& file) { return load(file, true).refusal; }

    TemporaryFolder folder;
    fs::path file = put(fixture("good"), folder / "plugins", "good");
};

TEST_F(Trusted, what_was_checked_is_what_is_loaded) {
    std::string refusal;
    const auto opened = OpenFile::open_trusted(file, refusal);
    ASSERT_EQ(refusal, "");
    // Another file in its place, as an attacker would replace it after the check.
    fs::rename(put(fixture("rank_high"), folder / "others", "good"), file);
    const auto path = opened.path_for_loader(refusal);
    ASSERT_EQ(refusal, "");
    EXPECT_EQ(name_of_loaded(path), "good");
    EXPECT_EQ(name_of_loaded(file), "rank_high");
}

TEST_F(Trusted, descriptor_of_another_file_is_another_plugin) {
    for (const auto* const name :
         {"good", "rank_high", "rank_tie_a"}) { // the numbers of their descriptors are the same
        const auto loaded = load(put(fixture(name), folder / name, name), true);
        EXPECT_EQ(loaded.refusal, "");
        EXPECT_EQ(loaded.name, name);
    }
}

TEST_F(Trusted, each_folder_up_to_the_root_is_checked) {
    const auto deep = put(fixture("good"), folder / "a" / "b" / "c", "good");
    EXPECT_EQ(refusal_of(deep), "");
    for (const auto& unsafe : {folder / "a", folder / "a" / "b", folder / "a" / "b" / "c"}) {
        fs::permissions(unsafe, fs::perms(0777));
        EXPECT_EQ(refusal_of(deep), unsafe.string() + " can be written by others, and this process is privileged");
        fs::permissions(unsafe, fs::perms(0755));
        ASSERT_EQ(chown(unsafe.c_str(), 1, 1), 0);
        EXPECT_EQ(refusal_of(deep), unsafe.string() + " can be written by others, and this process is privileged");
        ASSERT_EQ(chown(unsafe.c_str(), 0, 0), 0);
    }
}

TEST_F(Trusted, link_leads_to_what_is_checked) {
    fs::create_directories(folder / "safe");
    const auto link = folder / "safe" / file_name("good");
    fs::create_symlink(file, link);
    EXPECT_EQ(refusal_of(link), "");
    fs::permissions(file.parent_path(), fs::perms(0777));
    EXPECT_TRUE(contains(refusal_of(link), {file.parent_path().string() + " can be written by others"}));
    fs::permissions(file.parent_path(), fs::perms(0755));
    // A relative link, and a link to a folder.
    fs::remove(link);
    fs::create_symlink("../plugins/../plugins/" + file_name("good"), link);
    fs::create_directory_symlink("safe", folder / "again");
    const auto twice = folder / "again" / file_name("good");
    EXPECT_EQ(refusal_of(twice), "");
    fs::permissions(file, fs::perms(0757));
    EXPECT_TRUE(contains(refusal_of(twice), {file.string() + " can be written by others"}));
    fs::permissions(file, fs::perms(0755));
    // Links that belong to others, and that lead round in a circle.
    ASSERT_EQ(lchown(link.c_str(), 1, 1), 0);
    EXPECT_TRUE(contains(refusal_of(link), {link.string() + " can be written by others"}));
    fs::remove(link);
    fs::create_symlink(link, link);
    EXPECT_EQ(refusal_of(link), make_error_code(std::errc::too_many_symbolic_link_levels).message());
}

TEST_F(Trusted, without_proc_nothing_is_loaded) {
    const auto child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWNS) == -1 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == -1 ||
            mount("none", "/proc", "tmpfs", 0, nullptr) == -1)
            _exit(77);
        // A folder that imitates /proc/self/fd, whose contents an attacker exchanges after the check.
        fs::create_directories("/proc/self/fd");
        for (int number = 0; number < 100; ++number)
            fs::create_symlink(file, "/proc/self/fd/" + std::to_string(number));
        const auto refusal = refusal_of(file);
        _exit(refusal.find("by /proc/self/fd, which is not there") == refusal.npos);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "not checked: this sandbox does not allow mount(2)";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(Trusted, neither_a_fifo_nor_a_folder_blocks_it) {
    const auto pipe = folder / "plugins" / file_name("fifo");
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(refusal_of(pipe), "not a regular file");
    EXPECT_EQ(load(pipe, false).refusal, "not a regular file");
    EXPECT_EQ(refusal_of(folder / "plugins"), "not a regular file");
    EXPECT_EQ(refusal_of("/"), "not a regular file");
    EXPECT_EQ(refusal_of(folder / "nosuch" / "file"), "No such file or directory");
}

TEST_F(Privileged, others_are_all_but_root) {
    EXPECT_FALSE(others_can_write("/"));
    EXPECT_TRUE(others_can_write("/tmp"));
    EXPECT_TRUE(others_can_write("/nonexistent"));
}

/// A program that is set-uid to another user, and its output.
class SetUid : public LoaderTest {
  protected:
    void SetUp() override {
        struct statvfs mount {};
        ASSERT_EQ(statvfs(folder.string().c_str(), &mount), 0);
        const passwd* const unprivileged = getpwnam("nobody");
        if (geteuid() != 0 || (mount.f_flag & ST_NOSUID) || !unprivileged) {
            GTEST_SKIP() << "not checked: that a set-uid program ignores the environment and refuses what others can "
                            "write. Only root can make such a program for the user nobody, on a mount that allows it.";
        }
        user = unprivileged->pw_uid;
        fs::copy_file(EXPLAIN_PROGRAM, program);
        set_uid(true);
        good = put(fixture("good"), plugins, "good");
    }

    void set_uid(bool on) {
        ASSERT_EQ(chown(program.c_str(), user, static_cast<gid_t>(-1)), 0);
        fs::permissions(program, fs::perms(on ? 04755 : 0755));
    }

    /// The output of the program for "good" in the folder of plugins.
    std::string diagnostic() { return diagnostic_of(program.string(), "good", plugins.string()); }

    std::string diagnostic_of(const std::string& called, const std::string& requested, const std::string& searched) {
        std::vector<std::string> arguments{called, requested};
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
    const auto privileged = diagnostic_of(program.string(), "", "");
    EXPECT_TRUE(contains(privileged, {"\"auto\"", ignored}));
    EXPECT_FALSE(contains(privileged, {plugins.string()}));
    EXPECT_FALSE(contains(privileged, {"nosuch"}));

    set_uid(false);
    const auto ordinary = diagnostic_of(program.string(), "", "");
    EXPECT_TRUE(contains(ordinary, {"\"nosuch\" (from POLLUX_BACKEND)", plugins.string()}));
    EXPECT_FALSE(contains(ordinary, {ignored}));
}

TEST_F(SetUid, opens_what_only_root_or_its_user_can_write) {
    EXPECT_TRUE(contains(diagnostic(), {"opened backend \"good\"", ignored}));
    ASSERT_EQ(chown(good.c_str(), user, user), 0);
    ASSERT_EQ(chown(plugins.c_str(), user, user), 0);
    EXPECT_TRUE(contains(diagnostic(), {"opened backend \"good\"", ignored}));
}

TEST_F(SetUid, refuses_a_file_that_others_can_write) {
    for (const auto mode : {0777, 0757, 0775}) {
        fs::permissions(good, fs::perms(mode));
        EXPECT_TRUE(contains(diagnostic(), {"cannot open", good.string() + " can be written by others", "privileged"}));
    }
    set_uid(false);
    EXPECT_TRUE(contains(diagnostic(), {"opened backend \"good\""}));
}

TEST_F(SetUid, refuses_a_folder_that_others_can_write) {
    for (const auto mode : {0777, 0757, 0775, 01777}) {
        fs::permissions(plugins, fs::perms(mode));
        EXPECT_TRUE(
            contains(diagnostic(), {"cannot open", plugins.string() + " can be written by others", "privileged"}));
    }
    set_uid(false);
    EXPECT_TRUE(contains(diagnostic(), {"opened backend \"good\""}));
}

TEST_F(SetUid, refuses_what_belongs_to_another_user) {
    ASSERT_EQ(chown(good.c_str(), user - 1, static_cast<gid_t>(-1)), 0);
    EXPECT_TRUE(contains(diagnostic(), {"cannot open", good.string() + " can be written by others"}));
    ASSERT_EQ(chown(good.c_str(), 0, static_cast<gid_t>(-1)), 0);
    ASSERT_EQ(chown(plugins.c_str(), user - 1, static_cast<gid_t>(-1)), 0);
    EXPECT_TRUE(contains(diagnostic(), {"cannot open", plugins.string() + " can be written by others"}));
}

TEST_F(SetUid, refuses_a_link_to_what_others_can_write) {
    const auto elsewhere = put(fixture("good"), folder / "elsewhere", "linked");
    fs::permissions(folder / "elsewhere", fs::perms(0777));
    fs::create_symlink(elsewhere, plugins / file_name("linked"));
    const auto text = diagnostic_of(program.string(), "linked", plugins.string());
    EXPECT_TRUE(contains(text, {"cannot open", elsewhere.parent_path().string() + " can be written by others"}));
}

TEST_F(SetUid, trusts_only_root_when_it_is_set_gid) {
    ASSERT_EQ(chown(program.c_str(), 0, 1), 0);
    fs::permissions(program, fs::perms(02755));
    const auto diagnostic_for_user = [this] {
        return output_of(program, {program.string(), "good", plugins.string()}, User{user, 2});
    };
    EXPECT_TRUE(contains(diagnostic_for_user(), {"opened backend \"good\"", ignored}));
    // Its effective user is the one who started it.
    ASSERT_EQ(chown(good.c_str(), user, static_cast<gid_t>(-1)), 0);
    EXPECT_TRUE(contains(diagnostic_for_user(), {"cannot open", good.string() + " can be written by others"}));
}

TEST_F(SetUid, refuses_a_requested_file_too) {
    fs::permissions(good, fs::perms(0777));
    EXPECT_TRUE(
        contains(diagnostic_of(program.string(), good.string(), ""), {"cannot open", "can be written by others"}));
}

TEST_F(SetUid, is_not_misled_by_its_first_argument) {
    const auto elsewhere = folder / "elsewhere";
    put(fixture("good"), elsewhere / "pollux", "good");
    const auto diagnostic = diagnostic_of((elsewhere / "explain").string(), "good", "");
    EXPECT_TRUE(contains(diagnostic, {"cannot open", "searched: " + (folder / "pollux").string()}));
    EXPECT_FALSE(contains(diagnostic, {elsewhere.string()}));
}

} // namespace
} // namespace pollux::loader_tests
