// SPDX-License-Identifier: BSL-1.0
// Tests of what a plugin with the C interface receives, and of what its program receives from it.
#include "loader_test.hpp"
#include "record.h"

#include <pollux/plugin.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>

#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace pollux::loader_tests {
namespace {

using namespace std::chrono_literals;

class CSelector : public LoaderTest {
  protected:
    /// Opens a fixture that writes what it receives into `record`.
    std::unique_ptr<Selector> opened(const std::string& name = "c_good") {
        auto plugin = load(fixture(name));
        EXPECT_EQ(plugin.refusal, "");
        for (auto& option : plugin.options) {
            if (option.name == "record") option.value = address_of_record();
        }
        OpenFailure failure;
        auto selector = plugin.open(failure);
        EXPECT_TRUE(selector || name != "c_good") << failure.step() << failure.sentence();
        return selector;
    }

    std::string address_of_record() const {
        std::array<char, 32> text{};
        std::to_chars(text.data(), text.data() + text.size(), reinterpret_cast<std::uintptr_t>(&record), 16);
        return text.data();
    }

    struct record record {};
    std::array<Event, 4> buffer{};
    std::error_code error = make_error_code(std::errc::io_error);
};

TEST_F(CSelector, is_described) {
    const auto plugin = load(fixture("c_good"));
    EXPECT_TRUE(plugin.described);
    EXPECT_EQ(plugin.name, "c_good");
    EXPECT_EQ(plugin.rank, -1000);
    EXPECT_EQ(plugin.summary, "a fixture of the loader's tests");
    EXPECT_FALSE(plugin.is_layer);
    ASSERT_EQ(plugin.options.size(), 2U);
    EXPECT_EQ(plugin.options[0].name, "limit");
    EXPECT_EQ(plugin.options[0].default_value, "5");
    EXPECT_EQ(plugin.options[0].help, "a count from 1 to 9");
    const auto found = pollux::found({.folders = {fixtures}});
    const auto good = std::find_if(found.begin(), found.end(), [](const auto& one) { return one.name == "c_good"; });
    ASSERT_NE(good, found.end());
    EXPECT_EQ(good->refusal, "");
    EXPECT_TRUE(good->described);
}

TEST_F(CSelector, may_be_of_a_later_program_or_without_options) {
    for (const auto* const name : {"c_larger", "c_good"}) EXPECT_EQ(load(fixture(name)).refusal, "");
    const auto plugin = load(fixture("c_without_options"));
    EXPECT_EQ(plugin.refusal, "");
    EXPECT_TRUE(plugin.options.empty());
    // Its open() asks for an option, which there is none of.
    EXPECT_FALSE(explain({.backend = fixture("c_without_options").string()}).backend);
}

TEST_F(CSelector, is_opened_with_options) {
    const auto choice = explain({.backend = fixture("c_good").string() + "?limit=7"});
    ASSERT_TRUE(choice.backend) << choice.text();
    EXPECT_EQ(choice.backend->options.at(0).value, "7");
}

TEST_F(CSelector, has_the_capabilities_of_the_plugin) {
    const auto selector = opened();
    const auto& capabilities = selector->capabilities();
    EXPECT_EQ(&capabilities, &selector->capabilities());
    EXPECT_EQ(capabilities.oneshot.support, Support::emulated);
    EXPECT_STREQ(capabilities.oneshot.reason, "a reason");
    EXPECT_EQ(capabilities.level.support, Support::native);
    EXPECT_STREQ(capabilities.level.reason, ""); // null in the plugin
    EXPECT_EQ(capabilities.edge.support, Support::unsupported);
    EXPECT_STREQ(capabilities.edge.reason, "another reason");
    EXPECT_EQ(capabilities.sockets.support, Support::native);
    EXPECT_EQ(capabilities.pipes.support, Support::native);
    EXPECT_STREQ(capabilities.files.reason, "no files");
    EXPECT_STREQ(capabilities.priority.reason, "no priority");
    EXPECT_EQ(capabilities.timeout_resolution, 1ms);
    EXPECT_EQ(load(fixture("c_good")).capabilities.timeout_resolution, 1ms);
}

TEST_F(CSelector, has_the_freedoms_that_the_plugin_declares) {
    const auto selector = opened("c_limited");
    const auto& capabilities = selector->capabilities();
    EXPECT_EQ(capabilities.any_thread.support, Support::unsupported);
    EXPECT_STREQ(capabilities.any_thread.reason, "one thread");
    EXPECT_EQ(capabilities.any_number.support, Support::unsupported);
    EXPECT_STREQ(capabilities.any_number.reason, "small numbers");
    EXPECT_EQ(capabilities.highest_source, 1023U);
    EXPECT_EQ(capabilities.unchanged_sources.support, Support::unsupported);
    EXPECT_STREQ(capabilities.unchanged_sources.reason, "sets O_NONBLOCK");
    EXPECT_EQ(capabilities.closed_sources.support, Support::unsupported);
    EXPECT_STREQ(capabilities.closed_sources.reason, "aborts");
    EXPECT_EQ(capabilities.timeout_resolution, 1ms);
}

TEST_F(CSelector, has_all_freedoms_that_the_plugin_leaves_out) {
    // In c_older they are beyond the size of its capabilities.
    for (const auto* const name : {"c_good", "c_older"}) {
        const auto selector = opened(name);
        const auto& capabilities = selector->capabilities();
        for (const auto& freedom : {capabilities.any_thread, capabilities.any_number, capabilities.unchanged_sources,
                                    capabilities.closed_sources}) {
            EXPECT_EQ(freedom.support, Support::native) << name;
            EXPECT_STREQ(freedom.reason, "") << name;
        }
        EXPECT_EQ(capabilities.highest_source, UINT64_MAX) << name;
        EXPECT_STREQ(capabilities.priority.reason, "no priority") << name;
    }
}

TEST_F(CSelector, receives_watches_without_hints) {
    const auto selector = opened();
    auto& registrator = selector->registrator();
    EXPECT_FALSE(registrator.add(12, {Token{34}, Ready::readable | Ready::closed | Ready::expired, Mode::level}));
    EXPECT_EQ(record.source, 12U);
    EXPECT_EQ(record.token, 34U);
    EXPECT_EQ(record.interest, unsigned{POLLUX_READABLE});
    EXPECT_EQ(record.mode, unsigned{POLLUX_LEVEL});
    EXPECT_FALSE(registrator.modify(56, {Token{POLLUX_FIRST_RESERVED_TOKEN - 1}, Ready::writable, Mode::oneshot}));
    EXPECT_EQ(record.source, 56U);
    EXPECT_EQ(record.token, POLLUX_FIRST_RESERVED_TOKEN - 1);
    EXPECT_EQ(record.interest, unsigned{POLLUX_WRITABLE});
    EXPECT_EQ(record.mode, unsigned{POLLUX_ONESHOT});
    EXPECT_FALSE(registrator.remove(78));
    EXPECT_EQ(record.source, 78U);
    EXPECT_EQ(record.calls, 3);
    EXPECT_FALSE(registrator.wake());
    EXPECT_EQ(record.calls, 4);
}

TEST_F(CSelector, receives_no_watch_that_its_capabilities_exclude) {
    const auto selector = opened();
    auto& registrator = selector->registrator();
    for (const auto token : {wake_token, Token{POLLUX_FIRST_RESERVED_TOKEN}}) {
        EXPECT_EQ(registrator.add(1, {token, Ready::readable, Mode::level}), std::errc::invalid_argument);
        EXPECT_EQ(registrator.modify(1, {token, Ready::readable, Mode::level}), std::errc::invalid_argument);
    }
    for (const Watch& watch :
         {Watch{Token{1}, Ready::readable, Mode::edge}, Watch{Token{1}, Ready::priority, Mode::level},
          Watch{Token{1}, Ready::readable, static_cast<Mode>(3)}}) {
        EXPECT_EQ(registrator.add(1, watch), std::errc::operation_not_supported);
        EXPECT_EQ(registrator.modify(1, watch), std::errc::operation_not_supported);
    }
    EXPECT_EQ(record.calls, 0);
}

TEST_F(CSelector, returns_errors_of_the_generic_category) {
    const auto selector = opened();
    auto& registrator = selector->registrator();
    record.result = EEXIST;
    record.count = 2; // with an error there are no events
    const Watch watch{Token{1}, Ready::readable, Mode::level};
    EXPECT_EQ(registrator.add(1, watch), std::error_code(EEXIST, std::generic_category()));
    EXPECT_EQ(registrator.add(1, watch), std::errc::file_exists);
    EXPECT_EQ(registrator.modify(1, watch), std::errc::no_such_file_or_directory);
    EXPECT_EQ(registrator.remove(1), std::errc::file_exists);
    EXPECT_EQ(registrator.wake(), std::errc::file_exists);
    EXPECT_TRUE(selector->select(buffer, 0s, error).empty());
    EXPECT_EQ(error, std::error_code(EEXIST, std::generic_category()));
}

TEST_F(CSelector, receives_timeouts_in_nanoseconds) {
    const auto selector = opened();
    const auto received = [&](Timeout timeout) {
        record.timeout = 123;
        EXPECT_TRUE(selector->select(buffer, timeout, error).empty());
        EXPECT_FALSE(error) << error.message();
        return record.timeout;
    };
    EXPECT_EQ(received(0s), 0);
    EXPECT_EQ(received(-1ns), 0);
    EXPECT_EQ(received(std::chrono::nanoseconds::min()), 0);
    EXPECT_EQ(received(5ns), 5);
    EXPECT_EQ(received(std::chrono::nanoseconds::max()), INT64_MAX);
    EXPECT_EQ(received(forever), -1);
}

TEST_F(CSelector, reports_events_in_the_buffer_of_the_program) {
    const auto selector = opened();
    record.count = 3;
    record.has_wake = 1;
    const auto events = selector->select(buffer, 0s, error);
    EXPECT_FALSE(error);
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events.data(), buffer.data());
    EXPECT_EQ(record.capacity, buffer.size());
    EXPECT_EQ(events[1].token, Token{1});
    EXPECT_EQ(events[1].ready, Ready::readable);
    EXPECT_EQ(events[2].token, wake_token);
    EXPECT_EQ(events[2].ready, Ready::none);
    record.has_wake = 0;
    record.count = buffer.size();
    EXPECT_EQ(selector->select(buffer, 0s, error).size(), buffer.size());
    EXPECT_EQ(buffer[3].ready, Ready::readable | Ready::writable);
}

TEST_F(CSelector, refuses_an_empty_buffer) {
    const auto selector = opened();
    EXPECT_TRUE(selector->select({}, forever, error).empty());
    EXPECT_EQ(error, std::errc::invalid_argument);
    EXPECT_EQ(record.calls, 0);
}

TEST_F(CSelector, fails_if_it_counts_more_events_than_there_is_room_for) {
    const auto selector = opened();
    record.count = buffer.size() + 1;
    EXPECT_TRUE(selector->select(buffer, 0s, error).empty());
    EXPECT_EQ(error, std::errc::value_too_large);
    record.count = SIZE_MAX;
    EXPECT_TRUE(selector->select(buffer, 0s, error).empty());
    EXPECT_EQ(error, std::errc::value_too_large);
}

TEST_F(CSelector, is_destroyed_once) {
    auto selector = opened();
    EXPECT_EQ(record.destroyed, 0);
    record.is_child = 1;
    selector.reset();
    EXPECT_EQ(record.destroyed, 1);
    EXPECT_EQ(record.is_child, 0);
}

TEST_F(CSelector, is_not_destroyed_if_it_was_not_opened) {
    EXPECT_FALSE(opened("c_open_fails"));
    EXPECT_EQ(record.destroyed, 0);
}

#ifndef _WIN32
TEST_F(CSelector, receives_no_call_in_a_forked_child_but_destroy) {
    auto selector = opened();
    const pid_t child = fork();
    ASSERT_NE(child, -1);
    if (child == 0) {
        auto& registrator = selector->registrator();
        const Watch watch{Token{1}, Ready::readable, Mode::level};
        bool is_refused = registrator.add(1, watch) == std::errc::no_such_process;
        is_refused &= registrator.modify(1, watch) == std::errc::no_such_process;
        is_refused &= registrator.remove(1) == std::errc::no_such_process;
        is_refused &= registrator.wake() == std::errc::no_such_process;
        is_refused &= selector->select(buffer, forever, error).empty() && error == std::errc::no_such_process;
        selector.reset();
        _exit(!is_refused ? 1 : record.calls != 0 ? 2 : record.destroyed != 1 ? 3 : record.is_child != 1 ? 4 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}
#endif

} // namespace
} // namespace pollux::loader_tests
