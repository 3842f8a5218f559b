// SPDX-License-Identifier: BSL-1.0
// Tests of plugins with the C interface that must be refused, each with the facts that its author or user needs.
#include "loader_test.hpp"

#include <pollux/plugin.h>
#include <pollux/plugin.hpp>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

namespace pollux::loader_tests {
namespace {

class CRefusal : public LoaderTest {
  protected:
    static std::string reason_for(const std::string& name) { return load(fixture(name)).refusal; }

    /// Returns why a copy of a fixture is refused whose description has `value` at `offset`.
    static std::string reason_with(std::size_t offset, std::string_view value) {
        const TemporaryFolder folder;
        const auto file = put(fixture("c_good"), folder, "c_good");
        std::ifstream input(file, std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(input)), {});
        const std::string_view magic(PluginDescription::expected_magic, sizeof PluginDescription::expected_magic);
        std::fstream output(file, std::ios::in | std::ios::out | std::ios::binary);
        output.seekp(static_cast<std::streamoff>(bytes.find(magic) - offsetof(PluginDescription, magic) + offset));
        output << value;
        output.close();
        return load(file).refusal;
    }

    /// Returns a text as a description has it.
    static std::string text(std::string_view content) { return std::string(content).append(1, '\0'); }
};

TEST_F(CRefusal, wrong_interface_version) {
    EXPECT_EQ(reason_for("c_wrong_version"),
              "built for interface version 4000000000, this program has " + std::to_string(interface_version));
}

TEST_F(CRefusal, size_without_the_abi) {
    EXPECT_TRUE(contains(reason_for("c_no_abi"), {"has size 8, expected at least "}));
}

TEST_F(CRefusal, other_abi) {
    const std::string expected = "built with ABI \"c 16-bit\", this program has \"" POLLUX_C_ABI "\"";
    EXPECT_EQ(reason_for("c_other_abi"), expected);
    EXPECT_EQ(reason_with(offsetof(PluginDescription, abi), text("c 16-bit")), expected);
}

TEST_F(CRefusal, short_size) {
    EXPECT_EQ(reason_for("c_short_size"),
              "its struct pollux_c_plugin has size 16, expected at least " + std::to_string(sizeof(pollux_c_plugin)));
}

TEST_F(CRefusal, capabilities) {
    EXPECT_EQ(reason_for("c_null_capabilities"), "its capabilities are null: expected those of a backend");
    EXPECT_EQ(reason_for("c_short_capabilities"), "its struct pollux_capabilities has size 24, expected at least " +
                                                      std::to_string(offsetof(pollux_capabilities, any_thread)));
    EXPECT_EQ(reason_for("c_bad_support"), "its capability oneshot has support 3: expected 0, 1 or 2");
    EXPECT_EQ(reason_for("c_bad_freedom"), "its capability closed_sources has support 3: expected 0, 1 or 2");
    EXPECT_EQ(reason_for("c_no_resolution"), "its timeout_resolution is 0 ns: expected more than 0");
}

TEST_F(CRefusal, functions) {
    EXPECT_EQ(reason_for("c_null_functions"), "its functions are null: expected those of a Selector");
    EXPECT_EQ(reason_for("c_short_functions"), "its struct pollux_selector_functions has size 48, expected at least " +
                                                   std::to_string(sizeof(pollux_selector_functions)));
    for (const std::string name : {"add", "modify", "remove", "wake", "select", "destroy"})
        EXPECT_EQ(reason_for("c_null_" + name), "its function " + name + " is null");
    EXPECT_EQ(reason_for("c_null_open"), "its open is null: expected a function");
}

TEST_F(CRefusal, name) {
    EXPECT_TRUE(contains(reason_for("c_null_name"), {"its name is null, which is not a plugin's name"}));
    EXPECT_TRUE(contains(reason_for("c_bad_name"), {"its name is \"Bad-Name\", which is not a plugin's name"}));
    EXPECT_EQ(reason_for("c_wrong_name"),
              "its name is \"another_name\", expected \"c_wrong_name\" as in its file's name");
}

TEST_F(CRefusal, options) {
    EXPECT_EQ(reason_for("c_null_options"), "its options are null: expected a table");
    EXPECT_EQ(reason_for("c_null_help"), "its option 0 has a text that is null");
    EXPECT_EQ(reason_for("c_bad_option"), "its option \"a-b\" has no valid name: expected [a-z0-9_]+");
    EXPECT_EQ(reason_for("c_option_twice"), "it has option \"record\" twice");
}

TEST_F(CRefusal, differs_from_the_description) {
    EXPECT_EQ(reason_for("c_rank_drift"), "the description in its file has rank -1000, its Plugin has rank -999");
    EXPECT_EQ(reason_with(offsetof(PluginDescription, abi), text(abi_tag)),
              "the description in its file has ABI \"" + std::string(abi_tag) +
                  "\", its Plugin has ABI \"" POLLUX_C_ABI "\"");
}

TEST_F(CRefusal, layer) {
    const auto kind = static_cast<std::uint32_t>(PluginKind::layer);
    char bytes[sizeof kind];
    std::memcpy(bytes, &kind, sizeof kind);
    EXPECT_EQ(reason_with(offsetof(PluginDescription, kind), {bytes, sizeof bytes}),
              "a layer with the C interface: expected a backend, layers have the C++ one");
}

TEST_F(CRefusal, open_fails) {
    const auto reason = [](const std::string& name) {
        return explain({.backend = fixture(name).string()}).attempts.at(0).reason;
    };
    EXPECT_EQ(reason("c_open_fails"), "fixture_setup: " + make_error_code(std::errc::permission_denied).message());
    EXPECT_EQ(reason("c_open_silent"), make_error_code(std::errc::operation_not_permitted).message());
}

TEST_F(CRefusal, open_leaves_no_null_byte_in_the_reason) {
    OpenFailure failure;
    EXPECT_FALSE(load(fixture("c_open_at_length")).open(failure));
    EXPECT_EQ(failure.error(), std::errc::permission_denied);
    EXPECT_EQ(failure.step(), std::string(95, 's'));
    EXPECT_EQ(failure.sentence(), std::string(415, 't'));
}

TEST_F(CRefusal, option_is_refused_by_the_plugin) {
    const auto choice = explain({.backend = fixture("c_good").string() + "?limit=many"});
    ASSERT_EQ(choice.attempts.size(), 1U);
    EXPECT_TRUE(
        contains(choice.attempts[0].reason, {"option \"limit\": expected a count from 1 to 9, was given \"many\""}));
}

TEST_F(CRefusal, option_is_unknown) {
    const auto choice = explain({.backend = fixture("c_good").string() + "?most=3"});
    ASSERT_EQ(choice.attempts.size(), 1U);
    EXPECT_EQ(choice.attempts[0].reason, "option \"most\" is unknown: expected of: limit, record");
}

} // namespace
} // namespace pollux::loader_tests
