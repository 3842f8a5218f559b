// SPDX-License-Identifier: BSL-1.0
// Tests of the description in a plugin's file, which is read before loading.
#include "loader_test.hpp"

#include <pollux/plugin.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string_view>

#include <dlfcn.h>

namespace pollux::loader_tests {
namespace {

bool is_loaded(const fs::path& file) {
    void* const library = dlopen(file.c_str(), RTLD_LAZY | RTLD_NOLOAD);
    if (library) dlclose(library);
    return library != nullptr;
}

class Description : public LoaderTest {
  protected:
    /// A copy of a fixture, with a number of its description replaced.
    fs::path changed(const std::string& name, std::size_t offset, std::uint32_t value) {
        const auto file = put(fixture(name), folder, name);
        std::ifstream input(file, std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(input)), {});
        const std::string_view magic(PluginDescription::expected_magic, sizeof PluginDescription::expected_magic);
        const auto place = bytes.find(magic) - offsetof(PluginDescription, magic) + offset;
        std::fstream output(file, std::ios::in | std::ios::out | std::ios::binary);
        output.seekp(static_cast<std::streamoff>(place));
        output.write(reinterpret_cast<const char*>(&value), sizeof value);
        return file;
    }

    FoundPlugin found_one(const std::string& name) {
        for (auto& one : found({.folders = {folder}})) {
            if (one.name == name && one.file.parent_path() == folder) return one;
        }
        return {.refusal = "not found"};
    }

    TemporaryFolder folder;
};

TEST_F(Description, is_read_without_loading) {
    const auto file = put(fixture("rank_high"), folder, "rank_high");
    const auto seen = found_one("rank_high");
    EXPECT_EQ(seen.refusal, "");
    EXPECT_TRUE(seen.described);
    EXPECT_EQ(seen.rank, 2000);
    EXPECT_EQ(seen.summary, "a fixture of the loader's tests");
    EXPECT_EQ(seen.loaded, nullptr);
    EXPECT_FALSE(is_loaded(file));
}

TEST_F(Description, is_in_all_of_our_plugins_and_they_agree_with_it) {
    for (const auto& entry : fs::directory_iterator(plugins)) {
        const auto seen = load(entry.path());
        EXPECT_EQ(seen.refusal, "");
        EXPECT_TRUE(seen.described) << seen.name;
    }
}

TEST_F(Description, is_kept_by_strip) {
    const auto file = put(fixture("rank_high"), folder, "rank_high");
    ASSERT_EQ(std::system((STRIP " --strip-all " + file.string()).c_str()), 0);
    EXPECT_EQ(found_one("rank_high").rank, 2000);
    EXPECT_EQ(load(file).refusal, "");
}

TEST_F(Description, auto_loads_the_one_that_it_opens_and_no_other) {
    const auto high = put(fixture("rank_high"), folder, "rank_high"), good = put(fixture("good"), folder, "good");
    plugin_path.set(folder.string());
    const auto choice = explain();
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->file, high);
    EXPECT_TRUE(is_loaded(high));
    EXPECT_FALSE(is_loaded(good));
}

TEST_F(Description, plugin_without_one_is_passed_over_and_can_be_requested) {
    const auto file = put(fs::path(HOSTILE) / file_name("undescribed"), folder, "undescribed");
    put(fixture("rank_high"), folder, "rank_high");
    plugin_path.set(folder.string());
    const auto choice = explain();
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->name, "rank_high"); // although the other one has a higher rank
    EXPECT_FALSE(is_loaded(file));
    EXPECT_TRUE(contains(choice.text(), {file.string() + ": passed over: its file has no description"}));
    EXPECT_FALSE(found_one("undescribed").described);
    EXPECT_EQ(explain({.backend = "undescribed"}).backend.value().rank, 5000);
}

TEST_F(Description, disagrees_with_the_plugin) {
    const auto reason = load(fixture("rank_drift")).refusal;
    EXPECT_EQ(reason, "the description in its file has rank -1000, its Plugin has rank -999");
}

TEST_F(Description, of_another_interface_version_is_refused_before_it_is_loaded) {
    const auto file = changed("good", offsetof(PluginDescription, interface_version), 1);
    const auto words = "built for interface version 1, this program has " + std::to_string(interface_version);
    EXPECT_EQ(load(file).refusal, words);
    EXPECT_EQ(found_one("good").refusal, words);
    EXPECT_FALSE(is_loaded(file));
}

TEST_F(Description, of_an_unknown_kind_is_refused) {
    const auto file = changed("good", offsetof(PluginDescription, kind), 3);
    EXPECT_TRUE(contains(load(file).refusal, {"neither a backend nor a layer: this program does not know kind 3"}));
    EXPECT_FALSE(is_loaded(file));
}

TEST_F(Description, of_a_later_version_is_read_up_to_the_known_size) {
    EXPECT_EQ(load(changed("good", offsetof(PluginDescription, size), 1000)).refusal, "");
}

TEST_F(Description, that_is_too_short_is_refused) {
    EXPECT_TRUE(contains(load(changed("good", offsetof(PluginDescription, size), 100)).refusal,
                         {"its description has size 100, expected at least 304"}));
}

} // namespace
} // namespace pollux::loader_tests
