// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tally.hpp"
#include "watched_socket.hpp"

#include <pollux/net/tcp_listener.hpp>
#include <pollux/poll.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pollux::tools {

/// An EchoServer returns all bytes to their client, for any number of clients, until it is closed.
///
/// Each connection waits to be readable, or, if the client reads less than it sends, to be writable: the server writes
/// the rest before it reads more, so that it buffers one read of each connection at most.
class EchoServer {
  public:
    /// Errors: std::system_error
    EchoServer(Poll poll, Mode mode, Tally& tally);

    const net::Address& address() const noexcept { return address_; }

    /// Serves clients; errors are counted in the tally.
    void run();

    /// Ends run(). Threads: any. Returns the error of a wake that failed: run() may go on to sleep.
    std::error_code close() noexcept { return poll_.close(); }

  private:
    struct Connection {
        WatchedSocket<net::TcpStream> watched;
        std::vector<std::byte> unsent = {};
        bool ended = false; // the client will send no more
    };

    void accept_all();
    void serve(Token token);
    std::error_code echo(Connection& connection);
    static std::error_code flush(Connection& connection);
    void drop(Token token);
    void check(const std::error_code& error, std::string_view step);

    Poll poll_;
    Mode mode_;
    Tally* tally_;
    WatchedSocket<net::TcpListener> listener_;
    net::Address address_;
    std::unordered_map<std::uint64_t, Connection> connections_; // by token
    std::uint64_t next_token_ = 1;
    std::vector<std::byte> buffer_;
};

} // namespace pollux::tools
