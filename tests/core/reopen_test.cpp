// SPDX-License-Identifier: BSL-1.0
// Tests of Poll::reopen() in the same process.
#include "../harness/rule.hpp"
#include "../harness/scripted_selector.hpp"
#include "core_test.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

namespace pollux::core_tests {
namespace {

using Answer = ScriptedSelector::Answer;

constexpr Ready both_directions = Ready::readable | Ready::writable;

std::unique_ptr<Selector> scripted(std::shared_ptr<Record> record) {
    return std::make_unique<ScriptedSelector>(std::move(record), [](std::size_t) { return Answer{}; });
}

/// The sources of the add() calls in a Record.
std::vector<Source> added(const Record& record) {
    std::vector<Source> sources;
    for (const auto& change : record.changes) {
        EXPECT_EQ(change.kind, Change::Kind::add);
        sources.push_back(change.source);
    }
    std::ranges::sort(sources);
    return sources;
}

/// The tokens of the events of one poll(), without wakes.
std::vector<Token> tokens(Poll& poll) {
    std::vector<Token> all;
    Events events;
    for (int polls = 0; polls < 100 && all.empty(); ++polls) {
        EXPECT_FALSE(poll.poll(events, 20ms));
        for (const auto& event : events) {
            if (event.token != wake_token) all.push_back(event.token);
        }
    }
    std::ranges::sort(all);
    return all;
}

// reopen() moves all watches, as last modified, to a new Selector of the same backend, and existing handles to it;
// every ready source is reported again, even for a spent one-shot watch, and a paused watch stays paused.
RULE(poll, reopen) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = poll_with(backend);
        const auto handle = poll.registrator();
        std::array<Pipe, 5> pipes;
        for (std::size_t i = 0; i < pipes.size(); ++i) {
            EXPECT_FALSE(handle.add(pipes[i].reader(), {Token{i}, Ready::readable, Mode::oneshot}));
        }
        EXPECT_FALSE(handle.modify(pipes[1].reader(), {Token{11}, Ready::readable, Mode::level}));
        EXPECT_FALSE(handle.modify(pipes[2].reader(), {Token{12}, Ready::none, Mode::level}));
        EXPECT_FALSE(handle.remove(pipes[3].reader()));
        for (const auto& pipe : pipes) pipe.write();
        EXPECT_EQ(tokens(poll), (std::vector{Token{0}, Token{4}, Token{11}}));
        EXPECT_EQ(tokens(poll), std::vector{Token{11}}) << "the others are spent";
        for (int round = 0; round < 3; ++round) {
            ASSERT_FALSE(poll.reopen());
            EXPECT_EQ(tokens(poll), (std::vector{Token{0}, Token{4}, Token{11}}));
        }
        EXPECT_EQ(handle.add(pipes[0].reader(), {Token{1}, Ready::readable}), std::errc::file_exists);
        EXPECT_FALSE(handle.remove(pipes[0].reader()));
        EXPECT_EQ(handle.remove(pipes[3].reader()), std::errc::no_such_file_or_directory);
        EXPECT_FALSE(handle.modify(pipes[2].reader(), {Token{2}, Ready::readable, Mode::level}));
        EXPECT_EQ(tokens(poll), (std::vector{Token{2}, Token{11}}));
        ASSERT_FALSE(poll.reopen());
        EXPECT_EQ(tokens(poll), (std::vector{Token{2}, Token{4}, Token{11}}));
        EXPECT_EQ(poll.choice().backend->name, backend);
    }
}

// reopen() returns the error if it fails, and leaves the Poll with its old Selector and all watches.
RULE(poll, reopen_fails) {
    const auto first = std::make_shared<Record>();
    Poll poll(scripted(first));
    const auto handle = poll.registrator();
    for (const Source source : {4, 8, 12}) EXPECT_FALSE(handle.add(source, {Token{1}, Ready::readable}));
    EXPECT_EQ(poll.reopen(), std::errc::operation_not_supported) << "it was given";
    EXPECT_EQ(poll.reopen(nullptr), std::errc::invalid_argument);
    const auto refuses = std::make_shared<Record>();
    refuses->result = [](const Change& change) {
        return change.source == 8 ? make_error_code(std::errc::not_enough_memory) : std::error_code();
    };
    EXPECT_EQ(poll.reopen(scripted(refuses)), std::errc::not_enough_memory);
    EXPECT_TRUE(refuses->destroyed);
    const auto unwakeable = std::make_shared<Record>();
    unwakeable->wake_error = make_error_code(std::errc::io_error);
    EXPECT_EQ(poll.reopen(scripted(unwakeable)), std::errc::io_error);
    EXPECT_FALSE(first->destroyed);
    EXPECT_EQ(first->changes.size(), 3U);
    EXPECT_FALSE(handle.wake());
    EXPECT_EQ(first->wakes, 1);
    const auto last = std::make_shared<Record>();
    EXPECT_FALSE(poll.reopen(scripted(last)));
    EXPECT_TRUE(first->destroyed);
    EXPECT_EQ(added(*last), (std::vector<Source>{4, 8, 12}));
    EXPECT_EQ(last->wakes, 1) << "a wake of the first that no poll() had collected is not lost";
    static_cast<void>(poll.close());
    EXPECT_EQ(poll.reopen(scripted(std::make_shared<Record>())), canceled);
}

TEST(PollReopen, adds_the_watches_whose_calls_succeeded_and_no_others) {
    const auto first = std::make_shared<Record>();
    Poll poll(scripted(first));
    const auto handle = poll.registrator();
    const auto refusal = make_error_code(std::errc::operation_not_permitted);
    EXPECT_FALSE(handle.add(Source{40}, {Token{1}, Ready::readable, Mode::edge}));
    first->result = [&](const Change&) { return refusal; };
    EXPECT_EQ(handle.add(Source{44}, {Token{2}, Ready::readable}), refusal);
    EXPECT_EQ(handle.modify(Source{40}, {Token{3}, Ready::writable}), refusal);
    EXPECT_EQ(handle.remove(Source{40}), refusal);
    // Source values without memory in the table, even values that no system returns.
    for (const Source source : {static_cast<Source>(-1), Source{100'000}, Source{0x7ffffffc}}) {
        EXPECT_EQ(handle.add(source, {Token{4}, Ready::readable}), refusal);
        EXPECT_EQ(handle.modify(source, {Token{4}, Ready::readable}), refusal);
        EXPECT_EQ(handle.remove(source), refusal);
    }
    first->result = nullptr;
    EXPECT_FALSE(handle.add(Source{100'000}, {Token{0xfedcba9876543210}, both_directions, Mode::level}));
    const auto second = std::make_shared<Record>();
    EXPECT_FALSE(poll.reopen(scripted(second)));
    ASSERT_EQ(added(*second), (std::vector<Source>{40, 100'000}));
    EXPECT_EQ(second->changes[0].watch.token, Token{1});
    EXPECT_EQ(second->changes[0].watch.interest, Ready::readable);
    EXPECT_EQ(second->changes[0].watch.mode, Mode::edge);
    EXPECT_EQ(second->changes[1].watch.token, Token{0xfedcba9876543210});
    EXPECT_EQ(second->changes[1].watch.interest, both_directions);
    EXPECT_EQ(second->changes[1].watch.mode, Mode::level);
}

// A new Selector may get the descriptors of sources that were closed while registered.
TEST(PollReopen, watches_no_descriptor_of_its_own) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        const Pipe kept;
        std::vector<Pipe> closed(4); // opened before the Selector, so they have the lowest numbers
        Poll poll = poll_with(backend);
        EXPECT_FALSE(poll.registrator().add(kept.reader(), {Token{1}, Ready::readable, Mode::level}));
        for (const auto& pipe : closed) {
            EXPECT_FALSE(poll.registrator().add(pipe.reader(), {Token{2}, Ready::readable, Mode::level}));
            EXPECT_FALSE(poll.registrator().add(pipe.writer(), {Token{3}, Ready::writable, Mode::level}));
        }
        closed.clear();
        ASSERT_FALSE(poll.reopen());
        kept.write();
        EXPECT_FALSE(poll.registrator().wake());
        EXPECT_EQ(tokens(poll), std::vector{Token{1}});
    }
}

TEST(PollReopen, drops_sources_that_were_closed_while_registered) {
    const auto first = std::make_shared<Record>();
    Poll poll(scripted(first));
    for (Source source = 4; source < 16; source += 4) {
        EXPECT_FALSE(poll.registrator().add(source, {Token{1}, Ready::readable}));
    }
    const auto closed = [](const Change& change) {
        return change.source == 8 ? make_error_code(std::errc::bad_file_descriptor) : std::error_code();
    };
    const auto second = std::make_shared<Record>(), third = std::make_shared<Record>();
    second->result = closed;
    EXPECT_FALSE(poll.reopen(scripted(second)));
    EXPECT_EQ(added(*second), (std::vector<Source>{4, 8, 12}));
    EXPECT_FALSE(poll.reopen(scripted(third)));
    EXPECT_EQ(added(*third), (std::vector<Source>{4, 12})) << "8 may be another file by now";
}

TEST(PollReopen, adds_nothing_for_an_owner_with_a_table) {
    Poll poll(scripted(std::make_shared<Record>()), ReopenAdds::nothing);
    EXPECT_FALSE(poll.registrator().add(Source{4}, {Token{1}, Ready::readable}));
    const auto second = std::make_shared<Record>();
    EXPECT_FALSE(poll.reopen(scripted(second)));
    EXPECT_TRUE(second->changes.empty());
    EXPECT_EQ(second->wakes, 1);
}

// Other threads add, modify, remove and wake continuously; each of their calls has the same result as without reopen().
TEST(PollReopen, beside_calls_of_other_threads) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = poll_with(backend);
        std::atomic<bool> over = false;
        std::atomic<int> begun = 0;
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i) {
            threads.emplace_back([&, handle = poll.registrator()] {
                const Pipe pipe;
                do {
                    EXPECT_FALSE(handle.add(pipe.reader(), {Token{1}, Ready::readable}));
                    EXPECT_FALSE(handle.modify(pipe.reader(), {Token{2}, Ready::readable}));
                    EXPECT_EQ(handle.add(pipe.reader(), {Token{3}, Ready::readable}), std::errc::file_exists);
                    EXPECT_FALSE(handle.remove(pipe.reader()));
                    EXPECT_FALSE(handle.wake());
                    ++begun;
                } while (!over);
            });
        }
        while (begun < 3) std::this_thread::yield();
        for (int round = 0; round < 50; ++round) EXPECT_FALSE(poll.reopen());
        over = true;
        for (auto& thread : threads) thread.join();
        const Pipe pipe;
        EXPECT_FALSE(poll.registrator().add(pipe.reader(), {Token{7}, Ready::readable}));
        pipe.write();
        EXPECT_EQ(tokens(poll), std::vector{Token{7}});
    }
}

// Two threads modify one source: the table and the Selector have the same watch.
TEST(PollReopen, keeps_the_order_of_overlapping_calls) {
    const auto first = std::make_shared<Record>();
    std::atomic<std::uint64_t> last = 0;
    first->result = [&](const Change& change) {
        if (change.kind == Change::Kind::modify) {
            std::this_thread::yield();
            last = static_cast<std::uint64_t>(change.watch.token);
        }
        return std::error_code();
    };
    // One thread at a time writes the record, since the calls for one source exclude each other.
    Poll poll(scripted(first));
    EXPECT_FALSE(poll.registrator().add(Source{8}, {Token{0}, Ready::readable}));
    for (int round = 0; round < 20; ++round) {
        std::vector<std::thread> threads;
        for (std::uint64_t i = 0; i < 3; ++i) {
            threads.emplace_back([&, i, handle = poll.registrator()] {
                for (std::uint64_t k = 0; k < 50; ++k) {
                    EXPECT_FALSE(handle.modify(Source{8}, {Token{i * 1000 + k}, Ready::readable}));
                }
            });
        }
        for (auto& thread : threads) thread.join();
        const auto second = std::make_shared<Record>();
        second->result = first->result;
        EXPECT_FALSE(poll.reopen(scripted(second)));
        ASSERT_EQ(second->changes.size(), 1U);
        EXPECT_EQ(second->changes[0].watch.token, Token{last.load()});
    }
}

// close() returns the error of a failed wake, and the next close() wakes again, although the Poll is closed already.
RULE(poll, close_again) {
    const auto record = std::make_shared<Record>();
    Poll poll(scripted(record));
    const auto handle = poll.registrator();
    record->wake_error = make_error_code(std::errc::not_enough_memory);
    EXPECT_EQ(poll.close(), std::errc::not_enough_memory);
    EXPECT_EQ(handle.close(), std::errc::not_enough_memory);
    EXPECT_EQ(handle.wake(), canceled) << "it is closed all the same";
    record->wake_error = {};
    EXPECT_FALSE(handle.close());
    EXPECT_FALSE(poll.close());
    EXPECT_EQ(record->wakes, 4);
    poll = Poll(scripted(std::make_shared<Record>()));
    EXPECT_FALSE(handle.close()) << "of a Poll that is gone, no poll() sleeps";
    EXPECT_EQ(record->wakes, 4);
}

} // namespace
} // namespace pollux::core_tests
