// SPDX-License-Identifier: BSL-1.0
// Tests that a socket of Boost.Asio can be added directly.
#define BOOST_ASIO_DISABLE_THREADS // one thread suffices, and ThreadSanitizer does not support Asio's fences
#include "core_test.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

namespace pollux::core_tests {
namespace {

using boost::asio::ip::tcp;

static_assert(Watchable<tcp::socket&> && Watchable<tcp::acceptor&>);

TEST(Watchable, is_a_socket_of_asio) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = poll_with(backend);
        Events events;
        const auto expect_readable = [&](Token token) {
            EXPECT_FALSE(poll.poll(events, patience));
            ASSERT_EQ(events.size(), 1U);
            EXPECT_EQ(events[0].token, token);
            EXPECT_TRUE(any(events[0].ready & Ready::readable));
        };

        boost::asio::io_context context;
        tcp::acceptor acceptor(context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
        EXPECT_FALSE(poll.registrator().add(acceptor, {Token{1}, Ready::readable}));
        tcp::socket client(context);
        client.connect(acceptor.local_endpoint());
        expect_readable(Token{1});
        tcp::socket server = acceptor.accept();
        EXPECT_FALSE(poll.registrator().add(server, {Token{2}, Ready::readable}));
        boost::asio::write(client, boost::asio::buffer("x", 1));
        expect_readable(Token{2});
        EXPECT_FALSE(poll.registrator().modify(server, {Token{3}, Ready::readable}));
        expect_readable(Token{3});
        EXPECT_FALSE(poll.registrator().remove(server));
        EXPECT_EQ(poll.registrator().remove(server), std::errc::no_such_file_or_directory);
        EXPECT_FALSE(poll.registrator().remove(acceptor));
    }
}

} // namespace
} // namespace pollux::core_tests
