// SPDX-License-Identifier: BSL-1.0
// What nobody asked for harms nobody: files that crash, end the process or hang when they are loaded.
#include "program.hpp"

#include <fstream>

namespace pollux::loader_tests {
namespace {

class Unasked : public LoaderTest {
  protected:
    static fs::path hostile(const std::string& name) { return fs::path(HOSTILE) / file_name(name); }

    /// What another program says that asks for `asked` in the folder: it may be the last that it does.
    std::string story(const std::string& asked) const {
        return output_of(EXPLAIN_PROGRAM, {"explain", asked, folder.string()});
    }

    TemporaryFolder folder;
    fs::path good = put(fixture("rank_high"), folder, "rank_high");
};

TEST_F(Unasked, constructor_that_ends_the_process) {
    put(hostile("exits"), folder, "exits");
    put(hostile("exits_unsaid"), folder, "exits_unsaid");
    for (const auto* asked : {"auto", "rank_high", "nosuch,rank_high"})
        EXPECT_TRUE(says(story(asked), {"opened backend \"rank_high\""})) << asked;
    EXPECT_EQ(story("exits"), ""); // so that the test is one
}

TEST_F(Unasked, constructor_that_hangs_or_crashes) {
    put(hostile("hangs"), folder, "hangs");
    put(hostile("raises"), folder, "raises");
    for (const auto* asked : {"auto", "rank_high", "nosuch,rank_high"})
        EXPECT_TRUE(says(story(asked), {"opened backend \"rank_high\""})) << asked;
}

TEST_F(Unasked, file_that_was_cut_off) {
    const auto cut = put(fixture("good"), folder, "good");
    fs::resize_file(cut, 2000);
    const auto text = story("auto");
    EXPECT_TRUE(says(text, {"opened backend \"rank_high\"", cut.string() + ": passed over: truncated or damaged: "}));
    EXPECT_TRUE(says(story("good"), {"cannot open backend \"good\"", cut.string() + ": truncated or damaged: "}));
}

TEST_F(Unasked, folder_that_cannot_be_listed_is_told_of) {
    if (geteuid() == 0) {
        ASSERT_EQ(chmod(folder.string().c_str(), 0700), 0);
        const auto text = output_of(EXPLAIN_PROGRAM, {"explain", "auto", folder.string()}, User{65534, 65534});
        EXPECT_TRUE(says(text, {"cannot list the folder \"" + folder.string() + "\": Permission denied"}));
    } else {
        ASSERT_EQ(chmod(folder.string().c_str(), 0300), 0);
        EXPECT_TRUE(says(story("auto"), {"cannot list the folder \"" + folder.string() + "\": Permission denied"}));
        EXPECT_TRUE(says(story("rank_high"), {"opened backend \"rank_high\""})); // it can be entered
    }
}

TEST_F(Unasked, constructor_that_asks_for_backends_is_answered) {
    const auto file = put(hostile("asks"), folder, "asks");
    const EnvironmentVariable own("POLLUX_TEST_OWN_FILE", file.string());
    plugin_path.set(folder.string());
    const auto loaded = load(file); // a lock that is held would be waited for for ever
    EXPECT_TRUE(
        says(loaded.summary, {"rank_high=;", "asks=a constructor in it requested it while it was being loaded"}));
    EXPECT_TRUE(says(loaded.summary, {"a constructor in it requested it while it was being loaded;"}));
}

} // namespace
} // namespace pollux::loader_tests
