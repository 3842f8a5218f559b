// SPDX-License-Identifier: BSL-1.0
// More events at once than a queue of the kernel holds.
#include "museum.hpp"

#include <atomic>
#include <thread>

namespace pollux::museum {
namespace {

REPORTED_BUG(
    loses_edges_after_an_overflow, "libuv/libuv#3991, libuv/libuv#4598",
    "Data arrives at thousands of edge-triggered sources while the program is behind, more than the completion "
    "queue holds: some sources are never reported again.") {
    CheckedPoll checked(backend);
    const auto mode = offers_edge(checked.poll.choice()) ? Mode::edge : Mode::level;
    constexpr std::size_t count = 1500;
    conformance::raise_descriptor_limit();
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < count; ++i) {
        pairs.push_back(make_pair(Kind::local));
        checked.add(pairs.back().near, Ready::readable, mode, Token{i});
    }
    const auto drain_all = [&] {
        std::size_t total = 0;
        for (const auto& pair : pairs) total += conformance::drain(pair.near);
        return total;
    };
    for (int round = 0; round < 2; ++round) {
        std::atomic<bool> is_over = false;
        std::vector<std::thread> writers;
        for (int i = 0; i < 2; ++i) {
            writers.emplace_back([&] {
                for (int turn = 0; turn < 10 && !is_over; ++turn) {
                    for (const auto& pair : pairs) conformance::write(pair.far, "x");
                }
            });
        }
        for (int i = 0; i < 20; ++i) EXPECT_FALSE(checked.poll.poll(checked.events, patience));
        for (auto& writer : writers) writer.join();
        // All is reported and read: from here on each arrival has to be reported.
        do {
            drain_all();
            EXPECT_FALSE(checked.poll.poll(checked.events, moment));
        } while (!checked.events.empty());
        for (const auto& pair : pairs) conformance::write(pair.far, "y");
        std::vector<bool> is_seen(count);
        std::size_t seen = 0;
        const auto end = loop::tests::Clock::now() + patience / 6;
        while (seen < count && loop::tests::Clock::now() < end) {
            EXPECT_FALSE(checked.poll.poll(checked.events, patience / 6));
            for (const auto& event : checked.events) {
                const auto index = static_cast<std::size_t>(event.token);
                seen += is_seen[index] ? 0 : 1;
                is_seen[index] = true;
            }
        }
        ASSERT_EQ(seen, count);
    }
}

REPORTED_BUG(
    loses_its_wake_request_to_an_overflow, "ClickHouse/silk#80, ClickHouse/silk#81",
    "The descriptor by which other threads wake the loop is polled by one lasting request, which ends when the "
    "completion queue overflows: later wakes are lost.") {
    CheckedPoll checked(backend);
    const auto mode = offers_edge(checked.poll.choice()) ? Mode::edge : Mode::level;
    constexpr std::size_t count = 800;
    conformance::raise_descriptor_limit();
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < count; ++i) {
        pairs.push_back(make_pair(Kind::local));
        checked.add(pairs.back().near, Ready::readable, mode, Token{i});
    }
    for (int turn = 0; turn < 30; ++turn) {
        for (const auto& pair : pairs) conformance::write(pair.far, "x");
        EXPECT_FALSE(checked.poll.registrator().wake());
    }
    for (const auto& pair : pairs) {
        conformance::drain(pair.near);
        checked.remove(pair.near);
    }
    while (!checked.poll.poll(checked.events, moment) && !checked.events.empty()) {}
    for (int i = 0; i < 200; ++i) {
        std::thread waker([&, waiting = conformance::thread_number()] {
            if (i % 20 == 0) conformance::wait_until_asleep(waiting, [] { return false; });
            EXPECT_FALSE(checked.poll.registrator().wake());
        });
        EXPECT_EQ(checked.next(wake_token), Ready::none);
        waker.join();
    }
}

REPORTED_BUG(
    loses_messages_above_a_size, "uNetworking/uWebSockets#1931",
    "A server echoes messages of growing size: with one backend all arrive, with another those above a size stop "
    "in the middle.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    for (const auto mode : modes_of(loop.choice())) {
        auto pair = make_pair(Kind::tcp);
        for (const std::size_t size : {std::size_t{1}, std::size_t{65'536}, std::size_t{3'000'000}}) {
            std::size_t sent = 0, echoed = 0, received = 0, pending = 0;
            loop::Watcher server, client;
            const std::string block(100'000, 'm');
            const auto write_some = [&](Source source, std::size_t left) {
                return conformance::write(source, block.substr(0, std::min(left, block.size()))).bytes;
            };
            server = loop.watch(pair.near.get(), Ready::readable, mode, [&](Ready) {
                pending += conformance::drain(pair.near);
                while (pending > 0) {
                    const auto bytes = write_some(pair.near, pending);
                    if (bytes == 0) break;
                    pending -= bytes;
                    echoed += bytes;
                }
                if (echoed < size) return server.change(pending > 0 ? both : Ready::readable);
                server.close();
            });
            client = loop.watch(pair.far.get(), both, mode, [&](Ready) {
                received += conformance::drain(pair.far);
                while (sent < size) {
                    const auto bytes = write_some(pair.far, size - sent);
                    if (bytes == 0) break;
                    sent += bytes;
                }
                if (received < size) return client.change(sent < size ? both : Ready::readable);
                client.close();
            });
            EXPECT_FALSE(loop.run());
            EXPECT_EQ(received, size);
        }
    }
}

REPORTED_BUG(wakes_from_many_threads, "libuv/libuv#50, joyent/libuv#1453",
             "Many threads post at once while the loop goes to sleep: the last post does not wake it.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    constexpr int threads = 4;
    for (Rounds rounds(200); rounds.next();) {
        int calls = 0;
        std::vector<std::thread> posters;
        for (int i = 0; i < threads; ++i) {
            posters.emplace_back(
                [&, poster = loop.poster(), keep_alive = std::make_shared<loop::KeepAlive>(loop.keep_alive())] {
                    EXPECT_FALSE(poster.post([&] { ++calls; }));
                    EXPECT_FALSE(keep_alive->close());
                });
        }

        EXPECT_TRUE(turn_until(loop, [&] { return calls == threads; }));
        for (auto& poster : posters) poster.join();
        ASSERT_EQ(calls, threads);
    }
}

} // namespace
} // namespace pollux::museum
