// SPDX-License-Identifier: BSL-1.0
#include "echo_clients.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace pollux::tools {
namespace {

constexpr std::size_t pool_size = std::size_t{1} << 20;
constexpr unsigned largest_payload_bits = 16; // up to 64 KiB: more than loopback accepts at once, so writes are partial
constexpr std::size_t connecting_at_once = 64; // fewer than the smallest queue of a listener

std::vector<std::byte> random_bytes(std::size_t count, std::mt19937_64& random) {
    std::vector<std::byte> bytes(count);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random() >> 56);
    return bytes;
}

} // namespace

EchoClients::EchoClients(Poll poll, Mode mode, const net::Address& server, std::chrono::nanoseconds time,
                         std::size_t count, Tally& tally)
    : poll_(std::move(poll)),
      mode_(mode),
      server_(server),
      count_(count),
      time_(time),
      tally_(&tally),
      pool_(random_bytes(pool_size, random_)),
      buffer_(std::size_t{1} << largest_payload_bits) {
    clients_.reserve(count);
}

void EchoClients::stop() noexcept {
    stopped_ = true;
    static_cast<void>(poll_.registrator().wake()); // if it fails, the end of the phase ends poll()
}

void EchoClients::run() {
    phase_end_ = time::Deadline(patience);
    connect_more();
    for (Events events; phase_ != Phase::over && alive_ > 0;) {
        if (const auto error = poll_.poll(events, phase_end_.left())) {
            fail("poll: " + error.message());
            return give_up();
        }
        for (const auto& event : events) {
            if (event.token != wake_token) on_event(event);
        }
        if (phase_ == Phase::connecting && connecting_ == 0) begin_measuring();
        if (stopped_ && phase_ < Phase::ending) begin_ending();
        if (phase_end_.left() == std::chrono::nanoseconds::zero()) on_time_over();
    }
    if (phase_ == Phase::measuring) ended_ = clock::now(); // no client is left
}

void EchoClients::on_time_over() {
    if (phase_ == Phase::measuring) return begin_ending();
    give_up();
}

void EchoClients::connect_more() {
    while (connecting_ < connecting_at_once && clients_.size() < count_) {
        std::error_code error;
        auto stream = net::TcpStream::connect(server_, error);
        if (!error) error = stream.set_nodelay(true);
        auto& client = clients_.emplace_back(Client{{std::move(stream), Token{clients_.size()}, mode_}});
        if (!error) error = client.watched.add(poll_.registrator(), Ready::writable);
        if (check(error, "connect")) {
            ++connecting_;
            ++alive_;
        } else {
            client.state = State::gone;
        }
    }
}

void EchoClients::begin_measuring() {
    phase_ = Phase::measuring;
    phase_end_ = time::Deadline(time_);
    began_ = ended_ = clock::now();
    for (auto& client : clients_) {
        if (client.state == State::idle && !(request(client) && watch(client))) drop(client);
    }
}

void EchoClients::begin_ending() {
    if (phase_ == Phase::measuring) ended_ = clock::now();
    phase_ = Phase::ending;
    phase_end_ = time::Deadline(patience);
    for (auto& client : clients_) {
        if (client.state == State::connecting || (client.state == State::idle && !end(client))) drop(client);
    }
}

void EchoClients::give_up() {
    if (phase_ == Phase::measuring) ended_ = clock::now();
    phase_ = Phase::over;
    for (auto& client : clients_) {
        if (client.state == State::gone) continue;
        fail("received nothing for too long while " + std::string(activity_of(client.state)));
        drop(client);
    }
}

void EchoClients::on_event(const Event& event) {
    const auto index = static_cast<std::size_t>(event.token);
    if (index >= clients_.size() || clients_[index].state == State::gone) {
        fail("event for a watch that does not exist");
        return;
    }
    auto& client = clients_[index];
    const bool is_connected = client.state != State::connecting;
    bool alive = is_connected || on_connected(client);
    if (is_connected && any(event.ready & Ready::readable)) alive = receive(client);
    if (alive && client.state == State::requesting) alive = send(client);
    if (!alive) return drop(client);
    if (!watch(client)) drop(client);
}

bool EchoClients::on_connected(Client& client) {
    --connecting_;
    connect_more();
    const auto connected = client.watched.socket().finish_connect();
    if (connected.would_block()) return fail("was reported as connected before it was");
    if (!check(connected.error, "connect")) return false;
    client.state = State::idle;
    ++tally_->connected;
    return true;
}

std::string_view EchoClients::activity_of(State state) noexcept {
    switch (state) {
    case State::connecting:
        return "it connected";
    case State::idle:
        return "others connected";
    case State::requesting:
        return "it waited for its echo";
    case State::ending:
        return "it waited for the end of the stream";
    case State::gone:
        break;
    }
    return "it was closed";
}

/// Sends a new payload: a random piece of the pool, short or long with the same probability.
bool EchoClients::request(Client& client) {
    const auto bits = random_() % (largest_payload_bits + 1);
    const auto length = std::max<std::size_t>(random_() & ((std::size_t{1} << bits) - 1), 1);
    client.payload = std::span(pool_).subspan(random_() % (pool_size - length), length);
    client.sent = client.received = 0;
    client.state = State::requesting;
    client.began = clock::now();
    return send(client);
}

bool EchoClients::watch(Client& client) {
    const bool has_unsent = client.sent < client.payload.size();
    const auto interest = has_unsent ? Ready::readable | Ready::writable : Ready::readable;
    return check(client.watched.set_interest(poll_.registrator(), interest), "modify");
}

bool EchoClients::send(Client& client) {
    const auto sent = client.watched.socket().write(client.payload.subspan(client.sent));
    client.sent += sent.count;
    return check(sent.error, "write");
}

bool EchoClients::receive(Client& client) {
    const auto received = client.watched.socket().read(buffer_);
    if (received.is_end()) return client.state == State::ending ? false : fail("the server ended the connection");
    if (!received.is_done()) return check(received.error, "read");
    return client.state == State::requesting ? verify(client, received.count)
                                             : fail("received bytes that it did not send");
}

/// Compares the echo with the payload; its last byte ends the request.
bool EchoClients::verify(Client& client, std::size_t count) {
    if (count > client.sent - client.received) return fail("received more bytes than it sent");
    if (std::memcmp(buffer_.data(), client.payload.data() + client.received, count) != 0)
        return fail("received bytes that differ from those it sent");
    client.received += count;
    tally_->bytes += count;
    if (client.received < client.payload.size()) return true;
    if (phase_ != Phase::measuring) return end(client);
    latencies_.record(clock::now() - client.began);
    ++tally_->requests;
    return request(client);
}

bool EchoClients::end(Client& client) {
    client.state = State::ending;
    return check(client.watched.socket().shut_down_writing(), "shutdown");
}

bool EchoClients::check(const std::error_code& error, std::string_view step) {
    return !error || fail(std::string(step) + ": " + error.message());
}

bool EchoClients::fail(std::string_view what) {
    tally_->add_error("client: " + std::string(what));
    return false;
}

void EchoClients::drop(Client& client) {
    client.state = State::gone;
    --alive_;
    check(client.watched.remove(poll_.registrator()), "remove");
}

} // namespace pollux::tools
