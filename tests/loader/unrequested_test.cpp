// SPDX-License-Identifier: BSL-1.0
// Tests that a plugin that was not requested does no harm: files that crash, end the process or hang when they are
// loaded.
#include "program.hpp"

#include <fstream>

namespace pollux::loader_tests {
namespace {

class Unrequested : public LoaderTest {
  protected:
    static fs::path hostile(const std::string& name) { return fs::path(HOSTILE) / file_name(name); }

    /// The output of another program that requests `requested` in the folder, and may crash.
    std::string diagnostic(const std::string& requested) const {
        return output_of(EXPLAIN_PROGRAM, {"explain", requested, folder.string()});
    }

    TemporaryFolder folder;
    fs::path good = put(fixture("rank_high"), folder, "rank_high");
};

TEST_F(Unrequested, constructor_that_ends_the_process) {
    put(hostile("exits"), folder, "exits");
    put(hostile("exits_unsaid"), folder, "exits_unsaid");
    for (const auto* requested : {"auto", "rank_high", "nosuch,rank_high"})
        EXPECT_TRUE(contains(diagnostic(requested), {"opened backend \"rank_high\""})) << requested;
    EXPECT_EQ(diagnostic("exits"), ""); // so that the test can fail
}

TEST_F(Unrequested, constructor_that_hangs_or_crashes) {
    put(hostile("hangs"), folder, "hangs");
    put(hostile("raises"), folder, "raises");
    for (const auto* requested : {"auto", "rank_high", "nosuch,rank_high"})
        EXPECT_TRUE(contains(diagnostic(requested), {"opened backend \"rank_high\""})) << requested;
}

TEST_F(Unrequested, file_that_was_cut_off) {
    const auto cut = put(fixture("good"), folder, "good");
    fs::resize_file(cut, 2000);
    const auto text = diagnostic("auto");
    EXPECT_TRUE(
        contains(text, {"opened backend \"rank_high\"", cut.string() + ": passed over: truncated or damaged: "}));
    EXPECT_TRUE(
        contains(diagnostic("good"), {"cannot open backend \"good\"", cut.string() + ": truncated or damaged: "}));
}

TEST_F(Unrequested, folder_that_cannot_be_listed_is_reported) {
    if (geteuid() == 0) {
        ASSERT_EQ(chmod(folder.string().c_str(), 0700), 0);
        const auto text = output_of(EXPLAIN_PROGRAM, {"explain", "auto", folder.string()}, User{65534, 65534});
        EXPECT_TRUE(contains(text, {"cannot list the folder \"" + folder.string() + "\": Permission denied"}));
    } else {
        ASSERT_EQ(chmod(folder.string().c_str(), 0300), 0);
        EXPECT_TRUE(
            contains(diagnostic("auto"), {"cannot list the folder \"" + folder.string() + "\": Permission denied"}));
        EXPECT_TRUE(contains(diagnostic("rank_high"), {"opened backend \"rank_high\""})); // the folder can be entered
    }
}

TEST_F(Unrequested, constructor_that_opens_backends_receives_an_error) {
    const auto file = put(hostile("asks"), folder, "asks");
    const EnvironmentVariable own("POLLUX_TEST_OWN_FILE", file.string());
    plugin_path.set(folder.string());
    const auto loaded = load(file); // would wait for a held lock for ever
    EXPECT_TRUE(
        contains(loaded.summary, {"rank_high=;", "asks=a constructor in it requested it while it was being loaded"}));
    EXPECT_TRUE(contains(loaded.summary, {"a constructor in it requested it while it was being loaded;"}));
}

} // namespace
} // namespace pollux::loader_tests
