// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "latencies.hpp"
#include "tally.hpp"
#include "watched_socket.hpp"

#include <pollux/net/tcp_stream.hpp>
#include <pollux/poll.hpp>
#include <pollux/time/deadline.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <random>
#include <span>
#include <string_view>
#include <vector>

namespace pollux::tools {

/// EchoClients run the clients of an echo server, all in one thread. Each sends a payload, waits until all of it was
/// echoed, compares it byte by byte, and starts again:
///
///     connecting ──▶ idle ──▶ requesting ⟲ ──▶ ending ──▶ closed
///
/// They start together, when all are connected. After the measured time each completes its request, shuts down its
/// sending half, and waits for the end of the stream. A client that receives nothing within `patience` is an error.
class EchoClients {
  public:
    static constexpr std::chrono::seconds patience{10};

    EchoClients(Poll poll, Mode mode, const net::Address& server, std::chrono::nanoseconds time, std::size_t count,
                Tally& tally);

    /// Runs all clients; errors are counted in the tally.
    void run();

    /// Ends the measured time early. Threads: any.
    void stop() noexcept;

    // After run():
    const Latencies& latencies() const noexcept { return latencies_; }
    std::chrono::nanoseconds measured() const noexcept { return ended_ - began_; }

  private:
    using clock = std::chrono::steady_clock;
    enum class Phase { connecting, measuring, ending, over };
    enum class State { connecting, idle, requesting, ending, gone };
    struct Client {
        WatchedSocket<net::TcpStream> watched;
        State state = State::connecting;
        std::span<const std::byte> payload = {};
        std::size_t sent = 0;
        std::size_t received = 0;
        clock::time_point began = {};
    };

    static std::string_view activity_of(State state) noexcept;
    void connect_more();
    void begin_measuring();
    void begin_ending();
    void give_up();
    void on_time_over();
    void on_event(const Event& event);
    bool on_connected(Client& client);
    bool request(Client& client);
    bool watch(Client& client);
    bool send(Client& client);
    bool receive(Client& client);
    bool verify(Client& client, std::size_t count);
    bool end(Client& client);
    /// Counts the error, if there is one; returns whether the client may continue.
    bool check(const std::error_code& error, std::string_view step);
    bool fail(std::string_view what);
    void drop(Client& client);

    Poll poll_;
    Mode mode_;
    net::Address server_;
    std::size_t count_;
    std::chrono::nanoseconds time_;
    Tally* tally_;
    std::atomic<bool> stopped_ = false;
    Phase phase_ = Phase::connecting;
    time::Deadline phase_end_{patience};
    std::vector<Client> clients_; // the index is the token
    std::size_t connecting_ = 0;
    std::size_t alive_ = 0;
    clock::time_point began_ = {}, ended_ = {};
    Latencies latencies_;
    std::mt19937_64 random_;
    std::vector<std::byte> pool_;   // payloads are pieces of it
    std::vector<std::byte> buffer_; // the bytes that were received
};

} // namespace pollux::tools
