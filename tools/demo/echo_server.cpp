// SPDX-License-Identifier: BSL-1.0
#include "echo_server.hpp"

#include <string>

namespace pollux::tools {
namespace {

constexpr Token listener_token{0};
constexpr std::size_t buffer_size = 65536;

net::TcpListener listen() {
    std::error_code error;
    auto listener = net::TcpListener::listen(net::Address::loopback(net::Address::Kind::ipv4, 0), error);
    if (error) throw std::system_error(error, "listen");
    return listener;
}

} // namespace

EchoServer::EchoServer(Poll poll, Mode mode, Tally& tally)
    : poll_(std::move(poll)),
      mode_(mode),
      tally_(&tally),
      listener_(listen(), listener_token, mode),
      buffer_(buffer_size) {
    std::error_code error;
    address_ = listener_.socket().local_address(error);
    if (!error) error = listener_.add(poll_.registrator(), Ready::readable);
    if (error) throw std::system_error(error, "listener");
}

void EchoServer::run() {
    Events events;
    std::error_code error;
    while (!(error = poll_.poll(events))) {
        for (const auto& event : events) {
            if (event.token == listener_token) {
                accept_all();
            } else {
                serve(event.token);
            }
        }
    }
    if (error != std::errc::operation_canceled) check(error, "poll");
}

void EchoServer::accept_all() {
    for (;;) {
        auto accepted = listener_.socket().accept();
        if (accepted.would_block())
            return check(listener_.set_interest(poll_.registrator(), Ready::readable), "modify");
        if (accepted.has_failed()) {
            if (net::TcpListener::is_transient(accepted.error)) continue; // the client has gone away
            return check(accepted.error, "accept");                       // its clients will report an error, too
        }
        const Token token{next_token_++};
        Connection added{{std::move(accepted.stream), token, mode_}};
        auto error = added.watched.socket().set_nodelay(true);
        if (!error) error = added.watched.add(poll_.registrator(), Ready::readable);
        check(error, "add");
        if (!error) connections_.emplace(static_cast<std::uint64_t>(token), std::move(added));
    }
}

void EchoServer::serve(Token token) {
    const auto found = connections_.find(static_cast<std::uint64_t>(token));
    if (found == connections_.end())
        return check(make_error_code(std::errc::protocol_error), "event for a removed watch");
    auto& connection = found->second;
    const auto error = connection.unsent.empty() ? echo(connection) : flush(connection);
    if (error) {
        check(error, "transfer");
        return drop(token);
    }
    if (connection.ended && connection.unsent.empty()) return drop(token);
    const auto interest = connection.unsent.empty() ? Ready::readable : Ready::writable;
    check(connection.watched.set_interest(poll_.registrator(), interest), "modify");
}

/// Reads once, so that each connection has its turn, and sends as much as possible at once.
std::error_code EchoServer::echo(Connection& connection) {
    auto& stream = connection.watched.socket();
    const auto received = stream.read(buffer_);
    connection.ended = received.is_end();
    if (!received.is_done()) return received.error;
    const auto data = net::ConstBuffer(buffer_).first(received.count);
    const auto sent = stream.write(data);
    connection.unsent.assign(data.begin() + static_cast<std::ptrdiff_t>(sent.count), data.end());
    return sent.error;
}

std::error_code EchoServer::flush(Connection& connection) {
    auto& unsent = connection.unsent;
    const auto sent = connection.watched.socket().write(unsent);
    unsent.erase(unsent.begin(), unsent.begin() + static_cast<std::ptrdiff_t>(sent.count));
    return sent.error;
}

void EchoServer::drop(Token token) {
    const auto found = connections_.find(static_cast<std::uint64_t>(token));
    check(found->second.watched.remove(poll_.registrator()), "remove");
    connections_.erase(found);
}

void EchoServer::check(const std::error_code& error, std::string_view step) {
    if (error) tally_->add_error("server: " + std::string(step) + ": " + error.message());
}

} // namespace pollux::tools
