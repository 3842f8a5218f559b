// SPDX-License-Identifier: BSL-1.0
#include "net_test.hpp"

#include "../conformance/sources.hpp"
#include "../conformance/wine.hpp"

#include <numeric>

#ifndef _WIN32
#include "signals.hpp"
#endif

namespace pollux::net::tests {
namespace {

// Reading without data and writing without room return would_block and no error.
RULE(stream, would_block) {
    with_streams([](auto& near, auto& far) {
        std::array<std::byte, 8> buffer{};
        const auto nothing = near.read(buffer);
        EXPECT_EQ(nothing.progress, Progress::would_block);
        EXPECT_FALSE(nothing.error);
        EXPECT_EQ(nothing.count, 0U);

        const auto total = fill(far);
        EXPECT_GT(total, 1000U);
        const auto full = far.write(buffer);
        EXPECT_EQ(full.progress, Progress::would_block);
        EXPECT_FALSE(full.error);
        EXPECT_EQ(full.count, 0U);
        EXPECT_EQ(read_all(near, total).size(), total);
        EXPECT_TRUE(near.read(buffer).would_block());
        EXPECT_TRUE(finished([&] { return far.write(buffer); }).is_done()) << "there is room again";
    });
}

// After the peer closes, a stream returns the bytes that were sent, and then the end, from each call.
RULE(stream, end) {
    with_streams([](auto& near, auto& far) {
        write(far, "last words");
        far.close();
        EXPECT_EQ(read_all(near, 10), "last words");
        std::array<std::byte, 8> buffer{};
        for (int again = 0; again < 3; ++again) {
            const auto outcome = finished([&] { return near.read(buffer); });
            EXPECT_EQ(outcome.progress, Progress::ended);
            EXPECT_FALSE(outcome.error);
            EXPECT_EQ(outcome.count, 0U);
        }
    });
}

// After shut_down_writing() the peer reads the end, and its later data arrives; further writes fail.
RULE(stream, half_close) {
    with_streams([](auto& near, auto& far) {
        write(near, "question");
        EXPECT_FALSE(near.shut_down_writing());
        EXPECT_EQ(read_all(far, 8), "question");
        std::array<std::byte, 8> buffer{};
        EXPECT_TRUE(finished([&] { return far.read(buffer); }).is_end());
        EXPECT_TRUE(near.read(buffer).would_block()) << "only one direction is closed";
        write(far, "answer");
        EXPECT_EQ(read_all(near, 6), "answer");
        EXPECT_EQ(near.write(buffer).error, std::errc::broken_pipe);
    });
    auto unconnected = connect(address_of(listener(Address::Kind::ipv4)));
    unconnected.close();
    EXPECT_EQ(unconnected.shut_down_writing(), std::errc::bad_file_descriptor);
}

// A call with buffers without room is done with zero bytes, even if the stream is empty or has ended, and never reports
// the end.
RULE(stream, empty) {
    with_streams([](auto& near, auto& far) {
        const auto expect_done = [](const Transfer& outcome) {
            EXPECT_TRUE(outcome.is_done());
            EXPECT_EQ(outcome.count, 0U);
        };
        const std::array<Buffer, 2> rooms{};
        const std::array<ConstBuffer, 2> nothings{};
        for (const bool ended : {false, true}) {
            if (ended) far.close();
            expect_done(near.read(Buffer()));
            expect_done(near.read(rooms));
            expect_done(near.read(std::span<const Buffer>()));
            expect_done(near.write(ConstBuffer()));
            expect_done(near.write(nothings));
        }
        std::array<std::byte, 1> buffer{};
        EXPECT_TRUE(finished([&] { return near.read(buffer); }).is_end());
    });
}

// Several buffers are written and read as if they were one; buffers without room are ignored.
RULE(stream, vectored) {
    with_streams([](auto& near, auto& far) {
        const std::array<ConstBuffer, 5> words{bytes("one, "), bytes(""), bytes("two, "), bytes("three"), {}};
        const auto written = near.write(words);
        ASSERT_TRUE(written.is_done()) << written.error.message();
        ASSERT_EQ(written.count, 15U);
        std::string first(1, '\0'), second(9, '\0'), third(100, '\0');
        const std::array<Buffer, 4> rooms{room(first), Buffer(), room(second), room(third)};
        std::size_t count = 0;
        // In parts, which are joined.
        std::string all;
        while (count < 15) {
            const auto outcome = finished([&] { return far.read(rooms); });
            ASSERT_TRUE(outcome.is_done()) << outcome.error.message();
            all += (first + second + third).substr(0, outcome.count);
            count += outcome.count;
        }
        EXPECT_EQ(all, "one, two, three");
    });
}

// A call with more buffers than the system accepts is done in part, never an error.
RULE(stream, many_buffers) {
    with_streams([](auto& near, auto& far) {
        constexpr std::size_t count = 5000;
        std::string text(count, '\0');
        std::iota(text.begin(), text.end(), '\0');
        std::vector<ConstBuffer> letters;
        for (std::size_t i = 0; i < count; ++i) letters.push_back(bytes(text).subspan(i, 1));
        for (std::size_t sent = 0; sent < count;) {
            const auto outcome = finished([&] { return near.write(std::span(letters).subspan(sent)); });
            ASSERT_TRUE(outcome.is_done()) << outcome.error.message();
            ASSERT_EQ(outcome.count, std::min(most_buffers, count - sent));
            sent += outcome.count;
        }
        std::string received(count, '\0');
        std::vector<Buffer> rooms;
        for (std::size_t i = 0; i < count; ++i) rooms.push_back(room(received).subspan(i, 1));
        for (std::size_t came = 0; came < count;) {
            const auto outcome = finished([&] { return far.read(std::span<const Buffer>(rooms).subspan(came)); });
            ASSERT_TRUE(outcome.is_done()) << outcome.error.message();
            ASSERT_LE(outcome.count, most_buffers);
            came += outcome.count;
        }
        EXPECT_EQ(received, text);
    });
}

// Megabytes are sent in both directions at once, in parts that have room.
TEST(Stream, carries_much) {
    with_streams([](auto& near, auto& far) {
        std::string text(8 << 20, '\0');
        for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * i >> 7U);
        const auto exchange = [&text](auto& own) {
            std::string received;
            for (std::size_t sent = 0; sent < text.size() || received.size() < text.size();) {
                if (sent < text.size()) {
                    const auto outcome = own.write(bytes(text).subspan(sent));
                    EXPECT_FALSE(outcome.has_failed()) << outcome.error.message();
                    sent += outcome.count;
                }
                std::string part(65536, '\0');
                const auto outcome = own.read(room(part));
                if (outcome.has_failed() || outcome.is_end()) break;
                received.append(part, 0, outcome.count);
                if (outcome.would_block()) std::this_thread::yield();
            }
            EXPECT_TRUE(received == text);
        };
        std::thread other([&, &there = far] { exchange(there); });
        exchange(near);
        other.join();
    });
}

/// Closes one end so that the other receives a reset.
void reset(TcpStream& stream) {
    conformance::Owned owned(stream.release());
    conformance::reset(owned);
}

// After a connection reset a stream returns the error once, and then the end.
RULE(stream, reset) {
    for (const auto kind : both_kinds) {
        auto [near, far] = tcp(kind);
        reset(far);
        std::array<std::byte, 8> buffer{};
        const auto outcome = finished([&, &own = near] { return own.read(buffer); });
        if (conformance::wine_version()) { // Wine returns the end instead: docs/platforms.md
            EXPECT_FALSE(outcome.is_done());
            continue;
        }
        EXPECT_EQ(outcome.error, std::errc::connection_reset);
        EXPECT_TRUE(outcome.has_failed());
#ifdef __linux__ // Linux reports an error once
        EXPECT_TRUE(near.read(buffer).is_end());
#endif
    }
}

// take_error() returns the pending error of a socket and clears it.
RULE(stream, take_error) {
    with_streams([](auto& near, auto&) { EXPECT_FALSE(near.take_error()); });
    TcpStream none;
    EXPECT_EQ(none.take_error(), std::errc::bad_file_descriptor);
#ifdef __linux__ // other systems keep it for the next read
    auto [near, far] = tcp(Address::Kind::ipv4);
    reset(far);
    ASSERT_TRUE(conformance::wait_for_hang_up(near.native_handle()));
    EXPECT_EQ(near.take_error(), std::errc::connection_reset);
    EXPECT_FALSE(near.take_error());
#endif
}

// Writing to a stream without a reader returns an error and raises no signal, with one buffer and with several.
RULE(stream, no_sigpipe) {
#ifndef _WIN32
    const CountedSignal sigpipe(SIGPIPE);
#endif
    with_streams([](auto& near, auto& far) {
        far.close();
        const std::array<ConstBuffer, 2> words{bytes("one"), bytes("two")};
        Transfer outcome;
        const auto fails = [&](const auto& call) {
            // The first write may succeed, since the reset has not arrived yet.
            outcome = finished([&] {
                auto seen = call();
                if (seen.is_done()) seen.progress = Progress::would_block;
                return seen;
            });
            EXPECT_TRUE(outcome.error == std::errc::broken_pipe || outcome.error == std::errc::connection_reset ||
                        outcome.error == std::errc::connection_aborted)
                << outcome.error.message();
        };
        fails([&, &own = near] { return own.write(bytes("x")); });
        fails([&, &own = near] { return own.write(words); });
    });
#ifndef _WIN32
    EXPECT_EQ(CountedSignal::count(), 0);
#endif
}

} // namespace
} // namespace pollux::net::tests
