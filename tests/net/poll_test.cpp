// SPDX-License-Identifier: BSL-1.0
// Tests of sockets and pipes of this library in a Poll of each backend.
#include "net_test.hpp"

#include <map>
#include <memory>

#ifndef _WIN32
#define BOOST_ASIO_DISABLE_THREADS // one thread suffices, and ThreadSanitizer does not support Asio's fences
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#endif

namespace pollux::net::tests {
namespace {

/// An Echo is a connection of the echo server, which keeps received bytes that it cannot send yet.
class Echo {
  public:
    explicit Echo(TcpStream taken) : stream(std::move(taken)) {}

    /// The next interest; none when the connection has ended.
    Ready resume() {
        for (;;) {
            if (kept_.empty()) {
                kept_.resize(4096);
                const auto came = stream.read(room(kept_));
                EXPECT_FALSE(came.has_failed()) << came.error.message();
                kept_.resize(came.count);
                if (!came.is_done()) return came.would_block() ? Ready::readable : Ready::none;
            }
            const auto sent = stream.write(bytes(kept_));
            EXPECT_FALSE(sent.has_failed()) << sent.error.message();
            if (sent.would_block()) return Ready::writable;
            kept_.erase(0, sent.count);
        }
    }

    TcpStream stream;

  private:
    std::string kept_;
};

/// A Client sends a text, shuts down its half, and reads the echo.
class Client {
  public:
    Client(const Address& to, std::string text) : stream(connect(to)), text_(std::move(text)) {}

    Ready resume() {
        if (!connected_) {
            const auto outcome = stream.finish_connect();
            EXPECT_FALSE(outcome.has_failed()) << outcome.error.message();
            if (outcome.would_block()) return Ready::writable;
            connected_ = true;
        }
        while (sent_ < text_.size()) {
            const auto outcome = stream.write(bytes(text_).subspan(sent_));
            EXPECT_FALSE(outcome.has_failed()) << outcome.error.message();
            if (!outcome.is_done()) break;
            sent_ += outcome.count;
            if (sent_ == text_.size()) finish();
        }
        for (;;) {
            std::string part(4096, '\0');
            const auto outcome = stream.read(room(part));
            EXPECT_FALSE(outcome.has_failed()) << outcome.error.message();
            received_.append(part, 0, outcome.count);
            if (outcome.would_block()) break;
            if (outcome.is_end() || outcome.has_failed()) return Ready::none;
        }
        return sent_ < text_.size() ? Ready::readable | Ready::writable : Ready::readable;
    }

    void finish() { EXPECT_FALSE(stream.shut_down_writing()); }
    void expect_all_echoed() const { EXPECT_TRUE(received_ == text_) << received_.size() << " of " << text_.size(); }

    TcpStream stream;

  private:
    std::string text_, received_;
    bool connected_ = false;
    std::size_t sent_ = 0;
};

class WithBackend : public testing::TestWithParam<std::string> {};

/// An EchoExchange is a server with its clients. Token 0 is the listener, odd tokens are clients, even ones their
/// connections in the server.
class EchoExchange {
  public:
    EchoExchange(Poll& poll, Address::Kind kind) : registrator_(poll.registrator()), listener_(listener(kind)) {
        EXPECT_FALSE(registrator_.add(listener_, {Token{0}, Ready::readable}));
    }

    void add_client(std::string text) {
        const auto number = 2 * clients_.size() + 1;
        clients_.emplace(number, Client(address_of(listener_), std::move(text)));
        EXPECT_FALSE(registrator_.add(clients_.at(number).stream, {Token{number}, Ready::writable}));
    }

    void dispatch(const Event& event) {
        const auto number = static_cast<std::uint64_t>(event.token);
        if (number == 0) {
            accept_all();
        } else if (number % 2 == 1) {
            resume(clients_.at(number), event.token);
        } else {
            resume(echoes_.at(number), event.token);
        }
    }

    bool is_over() const { return over_ == 2 * clients_.size(); }

    void expect_all_echoed() const {
        for (const auto& [number, client] : clients_) client.expect_all_echoed();
    }

  private:
    void accept_all() {
        for (;;) {
            auto accepted = listener_.accept();
            EXPECT_FALSE(accepted.has_failed()) << accepted.error.message();
            if (!accepted.is_done()) break;
            const auto number = 2 * echoes_.size() + 2;
            echoes_.emplace(number, Echo(std::move(accepted.stream)));
            EXPECT_FALSE(registrator_.add(echoes_.at(number).stream, {Token{number}, Ready::readable}));
        }
        EXPECT_FALSE(registrator_.modify(listener_, {Token{0}, Ready::readable}));
    }

    void resume(auto& one, Token token) {
        if (const auto next = one.resume(); any(next)) {
            EXPECT_FALSE(registrator_.modify(one.stream, {token, next}));
        } else {
            EXPECT_FALSE(registrator_.remove(one.stream));
            one.stream.close();
            ++over_;
        }
    }

    PollRegistrator registrator_;
    TcpListener listener_;
    std::map<std::uint64_t, Client> clients_;
    std::map<std::uint64_t, Echo> echoes_;
    std::size_t over_ = 0;
};

TEST_P(WithBackend, echoes) {
    for (const auto kind : both_kinds) {
        auto poll = poll_with(GetParam());
        EchoExchange exchange(poll, kind);
        for (std::size_t i = 0; i < 10; ++i)
            exchange.add_client(std::string(1 + i * i * 20'000, static_cast<char>('a' + i)));
        Events events;
        while (!exchange.is_over()) {
            ASSERT_FALSE(poll.poll(events, patience));
            ASSERT_FALSE(events.empty()) << "no further event is reported";
            for (const auto& event : events) exchange.dispatch(event);
        }
        exchange.expect_all_echoed();
    }
}

/// Expects poll() to return one event of the token, with the condition.
void expect_event(Poll& poll, Token token, Ready ready) {
    Events events;
    EXPECT_FALSE(poll.poll(events, patience));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].token, token);
    EXPECT_TRUE(any(events[0].ready & ready));
}

/// The two kinds of readiness without a connection: a refusal, a datagram.
TEST_P(WithBackend, reports_refusals_and_datagrams) {
    for (const auto kind : both_kinds) {
        auto poll = poll_with(GetParam());
        std::error_code error;
        auto refused = TcpStream::connect(address_of_closed_port(kind), error);
        if (!error) {
            EXPECT_FALSE(poll.registrator().add(refused, {Token{1}, Ready::writable}));
            expect_event(poll, Token{1}, Ready::writable);
            error = refused.finish_connect().error;
            EXPECT_FALSE(poll.registrator().remove(refused));
        }
        EXPECT_EQ(error, std::errc::connection_refused) << error.message();

        auto near = udp_socket(kind), far = udp_socket(kind);
        EXPECT_FALSE(poll.registrator().add(far, {Token{2}, Ready::readable}));
        ASSERT_TRUE(near.send_to(bytes("x"), address_of(far)).is_done());
        expect_event(poll, Token{2}, Ready::readable);
        std::array<std::byte, 8> buffer{};
        EXPECT_EQ(far.receive_from(buffer).count, 1U);
        EXPECT_FALSE(poll.registrator().remove(far));
    }
}

INSTANTIATE_TEST_SUITE_P(Net, WithBackend, testing::ValuesIn(backends()),
                         [](const auto& backend) { return backend.param; });

// Each owner can be added to a Poll directly, beside other sockets.
RULE(owner, watchable) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = poll_with(backend);
        const auto& registrator = poll.registrator();
        auto waiting = listener(Address::Kind::ipv4);
        EXPECT_FALSE(registrator.add(waiting, {Token{1}, Ready::readable}));
        auto near = connect(address_of(waiting));
        expect_event(poll, Token{1}, Ready::readable);
        auto far = accept(waiting);
        EXPECT_FALSE(registrator.add(far, {Token{2}, Ready::readable}));
        EXPECT_EQ(registrator.add(far.native_handle(), {Token{3}, Ready::readable}), std::errc::file_exists);
        EXPECT_TRUE(finished([&] { return near.finish_connect(); }).is_done());
        write(near, "x");
        expect_event(poll, Token{2}, Ready::readable);
        EXPECT_FALSE(registrator.modify(far, {Token{4}, Ready::writable}));
        expect_event(poll, Token{4}, Ready::writable);
        EXPECT_FALSE(registrator.remove(far));
        EXPECT_EQ(registrator.remove(far), std::errc::no_such_file_or_directory);
#ifndef _WIN32
        auto [reader, writer] = good([](auto& error) { return Pipe::open(error); });
        EXPECT_FALSE(registrator.add(reader, {Token{5}, Ready::readable}));
        write(writer, "x");
        expect_event(poll, Token{5}, Ready::readable);
        EXPECT_FALSE(registrator.remove(reader));
        auto [first, second] = good([](auto& error) { return UnixStream::pair(error); });
        EXPECT_FALSE(registrator.add(first, {Token{6}, Ready::readable}));
        write(second, "x");
        expect_event(poll, Token{6}, Ready::readable);
        EXPECT_FALSE(registrator.remove(first));

        // A socket of Boost.Asio beside them, which one of them adopts.
        boost::asio::io_context context;
        boost::asio::ip::tcp::socket asio(context);
        asio.connect({boost::asio::ip::address_v4::loopback(), address_of(waiting).port()});
        auto other = accept(waiting);
        EXPECT_FALSE(registrator.add(asio, {Token{7}, Ready::readable}));
        write(other, "x");
        expect_event(poll, Token{7}, Ready::readable);
        EXPECT_FALSE(registrator.remove(asio));
        auto adopted = good([&](auto& error) { return TcpStream::adopt(asio.release(), error); });
        EXPECT_EQ(read(adopted), "x");
#endif
    }
}

} // namespace
} // namespace pollux::net::tests
