// SPDX-License-Identifier: BSL-1.0
// Tests of plugins that must be refused, each with the facts that its author or user needs.
#include "loader_test.hpp"

#include <pollux/plugin.hpp>
#include <pollux/poll.hpp>

#include <fstream>

namespace pollux::loader_tests {
namespace {

class Refusal : public LoaderTest {
  protected:
    /// Requests a file; returns the reason of the refusal, and checks the rest of the diagnostic.
    static std::string reason_for(const fs::path& file) {
        const auto choice = explain({.backend = file.string()});
        EXPECT_FALSE(choice.backend) << choice.text();
        if (choice.attempts.size() != 1) return "not one attempt:\n" + choice.text();
        const auto& [name, tried, reason] = choice.attempts.front();
        EXPECT_EQ(tried, file);
        EXPECT_TRUE(
            contains(choice.text(), {"pollux: cannot open backend \"" + file.string() + "\" (from the program)\n",
                                     "\n  " + file.string() + ": " + reason + "\n", "\n  installed: "}));
        return reason;
    }

    static fs::path file_with(const TemporaryFolder& folder, const std::string& content) {
        const auto file = folder / file_name("content");
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }
};

TEST_F(Refusal, no_such_file) {
    const TemporaryFolder folder;
    EXPECT_EQ(reason_for(folder / file_name("nosuch")), "No such file or directory");
}

TEST_F(Refusal, no_plugin_of_that_name) {
    const TemporaryFolder folder;
    const auto choice = explain({.backend = "nosuch", .folders = {folder, fixtures}});
    ASSERT_EQ(choice.attempts.size(), 1U);
    EXPECT_EQ(choice.attempts[0].backend, "nosuch");
    EXPECT_TRUE(choice.attempts[0].file.empty());
    EXPECT_TRUE(contains(choice.attempts[0].reason, {file_name("nosuch"), folder.string(), fixtures}));
    EXPECT_TRUE(contains(choice.text(), {"cannot open backend \"nosuch\" (from the program)", "\n  installed: "}));
    const auto installed = choice.text().substr(choice.text().find("installed: "));
    EXPECT_TRUE(contains(installed, {"good", "null_open", "rank_high"}));
}

TEST_F(Refusal, not_a_shared_object) {
    const TemporaryFolder folder;
    EXPECT_TRUE(contains(reason_for(file_with(folder, std::string(1000, 'x'))), {no_library}));
}

TEST_F(Refusal, empty_file) {
    const TemporaryFolder folder;
    EXPECT_TRUE(contains(reason_for(file_with(folder, "")), {nothing_in_it}));
}

#ifdef __ELF__
TEST_F(Refusal, another_machine) {
    const TemporaryFolder folder;
    const auto file = put(fixture("good"), folder, "good");
    std::fstream header(file, std::ios::in | std::ios::out | std::ios::binary);
    header.seekp(18); // e_machine
    header.write("\x08\x00", 2);
    header.close();
    ASSERT_TRUE(header);
    // The message of the dynamic linker itself is "No such file or directory", which does not help.
    EXPECT_TRUE(contains(reason_for(file),
                         {"built for another machine: its ELF header has machine 8, that of this program has "}));
}
#endif

TEST_F(Refusal, missing_symbol) {
    EXPECT_EQ(reason_for(fixture("no_symbol")), "not a Pollux plugin: it has no symbol \"pollux_plugin\"");
}

TEST_F(Refusal, wrong_interface_version) {
    EXPECT_EQ(reason_for(fixture("wrong_version")),
              "built for interface version 4000000000, this program has " + std::to_string(interface_version));
}

TEST_F(Refusal, version_1) {
    EXPECT_EQ(reason_for(fixture("version_1")),
              "built for interface version 1, this program has " + std::to_string(interface_version));
}

TEST_F(Refusal, another_standard_library) {
    EXPECT_TRUE(
        contains(reason_for(fixture("other_category")), {"a C++ standard library of its own", "generic_category"}));
}

TEST_F(Refusal, unknown_kind) {
    EXPECT_EQ(reason_for(fixture("unknown_kind")), "neither a backend nor a layer: this program does not know kind 7");
}

TEST_F(Refusal, another_kind_than_described) {
    EXPECT_EQ(reason_for(fixture("kind_drift")),
              "the description in its file has kind a backend, its Plugin has kind a layer");
}

TEST_F(Refusal, null_capabilities) {
    EXPECT_EQ(reason_for(fixture("null_capabilities")), "its capabilities are null: expected those of a backend");
}

TEST_F(Refusal, options_without_a_table) {
    EXPECT_EQ(reason_for(fixture("null_options")), "its options are null: expected a table");
    EXPECT_EQ(reason_for(fixture("same_options")), "it has option \"size\" twice");
    EXPECT_EQ(reason_for(fixture("bad_option")), "its option \"Size\" has no valid name: expected [a-z0-9_]+");
    EXPECT_EQ(reason_for(fixture("null_help")), "its option 0 has a text that is null");
}

TEST_F(Refusal, short_size) {
    EXPECT_EQ(reason_for(fixture("short_size")),
              "its Plugin has size 8, expected at least " + std::to_string(sizeof(Plugin)));
}

TEST_F(Refusal, wrong_abi) {
    EXPECT_EQ(reason_for(fixture("wrong_abi")),
              "built with ABI \"itanium unknown 64-bit\", this program has \"" + std::string(abi_tag) + "\"");
}

TEST_F(Refusal, null_abi) {
    EXPECT_EQ(reason_for(fixture("null_abi")),
              "built with ABI null, this program has \"" + std::string(abi_tag) + "\"");
}

TEST_F(Refusal, wrong_name) {
    EXPECT_TRUE(
        contains(reason_for(fixture("wrong_name")), {"its name is \"another_name\"", "expected \"wrong_name\""}));
}

TEST_F(Refusal, invalid_name) {
    EXPECT_TRUE(contains(reason_for(fixture("bad_name")), {"\"Bad-Name\"", "not a plugin's name", "[a-z0-9_]+"}));
    EXPECT_TRUE(contains(reason_for(fixture("null_name")), {"its name is null", "not a plugin's name"}));
}

TEST_F(Refusal, null_open) { EXPECT_TRUE(contains(reason_for(fixture("null_open")), {"open is null"})); }

TEST_F(Refusal, open_fails) {
    EXPECT_EQ(reason_for(fixture("open_fails")),
              "fixture_setup: " + make_error_code(std::errc::permission_denied).message());
}

TEST_F(Refusal, open_fails_without_a_reason) {
    EXPECT_EQ(reason_for(fixture("open_silent")), "open failed and gave no reason");
}

TEST_F(Refusal, unresolved_symbol) { EXPECT_EQ(reason_for(fixture("unresolved")), missing); }

TEST_F(Refusal, folder_with_the_name_of_a_plugin) {
    const TemporaryFolder folder;
    const auto inner = folder / file_name("folder");
    fs::create_directory(inner);
    EXPECT_EQ(reason_for(inner), "not a regular file");
}

#ifndef _WIN32 // libstdc++ makes no links there
TEST_F(Refusal, dangling_link) {
    const TemporaryFolder folder;
    const auto link = folder / file_name("link");
    fs::create_symlink(folder / "nowhere", link);
    EXPECT_EQ(reason_for(link), "No such file or directory");
    // A name stands for its first file, whatever later folders have.
    EXPECT_EQ(explain({.backend = "link", .folders = {folder}}).attempts.at(0).file, link);
}
#endif

TEST_F(Refusal, is_the_same_each_time) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(contains(reason_for(fixture("wrong_abi")), {"unknown"}));
        EXPECT_TRUE(contains(reason_for(fixture("unresolved")), {missing}));
    }
}

TEST_F(Refusal, is_the_message_of_OpenError_and_Poll) {
    backend.set("unresolved,open_fails");
    plugin_path.set(fixtures);
    const auto diagnostic = explain().text();
    EXPECT_TRUE(
        contains(diagnostic, {"pollux: cannot open any backend of \"unresolved,open_fails\" (from POLLUX_BACKEND)\n",
                              missing, "fixture_setup: ", "installed: "}));
    try {
        static_cast<void>(open());
        ADD_FAILURE() << "opened";
    } catch (const OpenError& error) {
        EXPECT_EQ(error.what(), diagnostic);
    }
    try {
        Poll poll;
        ADD_FAILURE() << "opened";
    } catch (const OpenError& error) {
        EXPECT_EQ(error.what(), diagnostic);
    }
}

} // namespace
} // namespace pollux::loader_tests
