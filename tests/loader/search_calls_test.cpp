// SPDX-License-Identifier: BSL-1.0
// Tests of the cost of the search for long variables, counted in system calls, not in time.
#include "loader_test.hpp"

#include <pollux/plugin.hpp>

#include <atomic>

#include <fcntl.h>
#include <sys/stat.h>

namespace {
std::atomic<std::size_t> calls = 0;
}

// They replace those of the C library, for all libraries of this program.
extern "C" int stat(const char* path, struct stat* status) noexcept {
    ++calls;
    return fstatat(AT_FDCWD, path, status, 0);
}
extern "C" int lstat(const char* path, struct stat* status) noexcept {
    ++calls;
    return fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

namespace pollux::loader_tests {
namespace {

class SearchCalls : public LoaderTest {
  protected:
    std::size_t calls_of_explain() {
        calls = 0;
        explain({.backend = "nosuch"});
        return calls;
    }

    static std::string folders(std::size_t count) {
        std::string value;
        for (std::size_t i = 0; i < count; ++i) value += "/nonexistent/" + std::to_string(i) + ":";
        return value;
    }
};

TEST_F(SearchCalls, are_counted) {
    const auto none = calls_of_explain();
    plugin_path.set("/nonexistent/a:/nonexistent/b");
    EXPECT_GE(calls_of_explain(), none + 2) << "stat() of the library is not ours";
}

TEST_F(SearchCalls, grow_with_the_number_of_folders) {
    plugin_path.set(folders(4000));
    EXPECT_LE(calls_of_explain(), 4000U + 100);
}

TEST_F(SearchCalls, grow_with_the_number_of_names) {
    plugin_path.set(folders(1000));
    std::string names = "nosuch";
    for (int i = 0; i < 20'000; ++i) names += ",n" + std::to_string(i);
    backend.set(names);
    calls = 0;
    const auto choice = explain();
    EXPECT_EQ(choice.attempts.size(), 20'001U);
    EXPECT_LE(calls, 1000U + 100);
    EXPECT_LT(choice.text().size(), 20'001U * 1000); // and the reason of each does not list all folders
    EXPECT_TRUE(
        contains(choice.attempts.at(0).reason, {"no " + file_name("nosuch") + " in /nonexistent/0, ", " more"}));
}

} // namespace
} // namespace pollux::loader_tests
