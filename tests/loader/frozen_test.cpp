// SPDX-License-Identifier: BSL-1.0
// Tests of plugins that were built with the headers of an earlier time, of which frozen/ has copies that are never
// edited: one of this version works, whatever was appended to its structures since, and one of another is refused.
#include "frozen/2/calls.hpp"
#include "loader_test.hpp"

#include <pollux/plugin.hpp>
#include <pollux/poll.hpp>

#include <array>
#include <cstdint>
#include <cstring>

namespace pollux::loader_tests {
namespace {

class Frozen : public LoaderTest {
  protected:
    Frozen() { plugin_path.set(native(FROZEN)); }

    static fs::path file_of(const std::string& name) { return fs::path(native(FROZEN)) / file_name(name); }

    static FoundPlugin found_one(const std::string& name) {
        for (auto& one : found()) {
            if (one.name == name) return one;
        }
        return {.refusal = "not found"};
    }

    static void expect_option(const OptionSetting& option, const std::string& name, const std::string& value,
                              const std::string& help) {
        EXPECT_EQ(option.name, name);
        EXPECT_EQ(option.default_value, value);
        EXPECT_EQ(option.value, value);
        EXPECT_EQ(option.help, help);
        EXPECT_FALSE(option.is_given);
    }

    static void expect_capability(const Capability& capability, Support support, const char* reason) {
        EXPECT_EQ(capability.support, support);
        EXPECT_STREQ(capability.reason, reason);
    }

    static std::unique_ptr<Selector> open_stack(const std::string& stack) {
        Choice choice;
        auto selector = open({.backend = stack, .folders = {plugins}}, choice);
        EXPECT_NE(selector, nullptr) << choice.text();
        return selector;
    }
};

TEST_F(Frozen, layer_is_read_as_it_was_built) {
    const auto described = found_one("frozen_layer");
    EXPECT_EQ(described.refusal, "");
    EXPECT_TRUE(described.described);
    EXPECT_TRUE(described.is_layer);
    EXPECT_EQ(described.summary, "a layer of version 2");
    const auto loaded = load(file_of("frozen_layer"));
    ASSERT_EQ(loaded.refusal, "");
    EXPECT_EQ(loaded.name, "frozen_layer");
    EXPECT_TRUE(loaded.is_layer);
    EXPECT_EQ(loaded.rank, 0);
    EXPECT_EQ(loaded.summary, "a layer of version 2, as it was loaded");
    ASSERT_EQ(loaded.options.size(), 1U);
    expect_option(loaded.options[0], "most", "8", "events that one select() returns, from 1 to 4096");
}

TEST_F(Frozen, layer_works_around_a_backend_of_today) {
    const auto inner = open_stack(BACKEND);
    const auto selector = open_stack("frozen_layer+" BACKEND);
    ASSERT_TRUE(inner && selector);
    // All that the layer does not change is that of the backend, and members that it does not have have their defaults.
    const auto seen = copy_of(selector->capabilities()), expected = copy_of(inner->capabilities());
    EXPECT_EQ(seen.size, sizeof(Capabilities));
    for (const auto member : {&Capabilities::oneshot, &Capabilities::level, &Capabilities::edge, &Capabilities::sockets,
                              &Capabilities::pipes, &Capabilities::files}) {
        EXPECT_EQ((seen.*member).support, (expected.*member).support);
        EXPECT_STREQ((seen.*member).reason, (expected.*member).reason);
    }
    EXPECT_EQ(seen.priority.support, Support::unsupported);
    EXPECT_STREQ(seen.priority.reason, "a layer of version 2 does not pass it on");
    EXPECT_EQ(seen.timeout_resolution, expected.timeout_resolution);

    auto& registrator = selector->registrator();
    EXPECT_EQ(registrator.add({}, {wake_token, Ready::readable, Mode::level}), std::errc::invalid_argument);
    EXPECT_EQ(registrator.add({}, {Token{1}, Ready::priority, Mode::level}), std::errc::operation_not_supported);
    EXPECT_FALSE(registrator.wake());
    std::array<Event, 4> buffer;
    auto error = make_error_code(std::errc::io_error);
    const auto events = selector->select(buffer, std::chrono::seconds(5), error);
    EXPECT_FALSE(error) << error.message();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].token, wake_token);
}

TEST_F(Frozen, layer_has_its_extension) {
    const auto selector = open_stack("frozen_layer+" BACKEND);
    ASSERT_NE(selector, nullptr);
    auto* const calls = extension_of<frozen::Calls>(*selector);
    ASSERT_NE(calls, nullptr);
    EXPECT_EQ(calls->additions(), 0U);
    EXPECT_EQ(selector->extension("frozen.calls/2"), nullptr);
}

TEST_F(Frozen, options_and_failures_of_the_layer) {
    const auto choice = explain({.backend = "frozen_layer?most=0+" BACKEND, .folders = {plugins}});
    EXPECT_FALSE(choice.backend);
    EXPECT_TRUE(contains(choice.text(), {"option \"most\": expected a count from 1 to 4096, was given \"0\""}));
    const auto given = explain({.backend = "frozen_layer?most=2+" BACKEND, .folders = {plugins}});
    ASSERT_TRUE(given.backend) << given.text();
    EXPECT_EQ(given.stack(), "frozen_layer?most=2+" BACKEND);
}

#ifndef _WIN32
TEST_F(Frozen, backend_is_read_as_it_was_built) {
    const auto described = found_one("frozen");
    EXPECT_EQ(described.refusal, "");
    EXPECT_TRUE(described.described);
    EXPECT_FALSE(described.is_layer);
    EXPECT_EQ(described.rank, 1000000);
    EXPECT_EQ(described.summary, "a backend of version 2");
    EXPECT_EQ(described.loaded, nullptr);
    const auto loaded = load(file_of("frozen"));
    ASSERT_EQ(loaded.refusal, "");
    EXPECT_EQ(loaded.name, "frozen");
    EXPECT_EQ(loaded.rank, 1000000);
    EXPECT_EQ(loaded.summary, "a backend of version 2, as it was loaded");
    ASSERT_EQ(loaded.options.size(), 2U);
    expect_option(loaded.options[0], "most", "64", "events that one select() returns, from 1 to 4096");
    expect_option(loaded.options[1], "fails", "", "if it is given, open() fails, and states it");
    const auto& seen = loaded.capabilities;
    EXPECT_EQ(seen.size, sizeof(Capabilities));
    expect_capability(seen.oneshot, Support::emulated, "the backend of version 2 hides a spent watch");
    expect_capability(seen.level, Support::native, "");
    expect_capability(seen.edge, Support::unsupported, "the backend of version 2 knows states, not arrivals");
    expect_capability(seen.sockets, Support::native, "");
    expect_capability(seen.pipes, Support::native, "");
    expect_capability(seen.files, Support::unsupported, "the backend of version 2 refuses files");
    expect_capability(seen.priority, Support::unsupported, "the backend of version 2 does not request it");
    EXPECT_EQ(seen.timeout_resolution, std::chrono::milliseconds(2));
}

TEST_F(Frozen, backend_states_why_it_fails) {
    const auto loaded = [] {
        auto plugin = load(file_of("frozen"));
        plugin.options.at(1).value = "a sentence of version 2";
        return plugin;
    }();
    OpenFailure failure;
    EXPECT_EQ(loaded.open(failure), nullptr);
    EXPECT_EQ(failure.error(), std::errc::permission_denied);
    EXPECT_EQ(failure.step(), "frozen_step");
    EXPECT_EQ(failure.sentence(), "a sentence of version 2");
    const auto choice = explain({.backend = "frozen?fails=" + std::string(1000, 'x')});
    EXPECT_TRUE(contains(choice.text(), {"frozen_step: Permission denied: " + std::string(415, 'x')}));
    EXPECT_TRUE(contains(explain({.backend = "frozen?most=4097"}).text(),
                         {"option \"most\": expected a count from 1 to 4096, was given \"4097\""}));
}

TEST_F(Frozen, auto_chooses_the_backend_by_its_rank) {
    const auto choice = explain();
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.stack(), "frozen");
    EXPECT_TRUE(explain({.backend = "auto", .needs = {.level = true}}).backend);
    EXPECT_NE(explain({.backend = "auto", .needs = {.edge = true}}).stack(), "frozen");
}
#endif

#ifndef _MSC_VER // the ABI of Itanium, in which a pointer to a virtual function has its offset
std::size_t slot_of(auto function) {
    std::uintptr_t offset = 0;
    std::memcpy(&offset, &function, sizeof offset);
    return (offset & ~std::uintptr_t{1}) / sizeof(void*);
}

// A function that is appended shifts those of classes that derive from it, and old plugins do not have it.
TEST_F(Frozen, selector_and_registrator_gain_neither_functions_nor_members) {
    struct AfterSelector : Selector {
        virtual void first() {}
    };
    struct AfterRegistrator : Registrator {
        virtual void first() {}

      protected:
        ~AfterRegistrator() = default;
    };
    EXPECT_EQ(slot_of(&AfterSelector::first), 6U); // two destructors, four functions
    EXPECT_EQ(slot_of(&AfterRegistrator::first), 4U);
    EXPECT_EQ(sizeof(Selector), sizeof(void*));
    EXPECT_EQ(sizeof(Registrator), sizeof(void*));
}
#endif

TEST_F(Frozen, plugin_of_version_1_is_refused_by_its_description) {
    const auto words = "built for interface version 1, this program has " + std::to_string(interface_version);
    EXPECT_EQ(found_one("described_1").refusal, words);
    // It ends this process if it is loaded.
    EXPECT_EQ(load(file_of("described_1")).refusal, words);
    EXPECT_TRUE(contains(explain({.backend = "described_1"}).text(), {words}));
}

TEST_F(Frozen, plugin_of_version_1_without_a_description_is_refused) {
    const auto words = "built for interface version 1, this program has " + std::to_string(interface_version);
    EXPECT_FALSE(found_one("undescribed_1").described);
    EXPECT_EQ(load(file_of("undescribed_1")).refusal, words);
    EXPECT_TRUE(contains(explain({.backend = "undescribed_1"}).text(), {words}));
}

} // namespace
} // namespace pollux::loader_tests
