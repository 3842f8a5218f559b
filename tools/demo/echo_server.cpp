// SPDX-License-Identifier: BSL-1.0
#include "echo_server.hpp"

#include <span>
#include <string>

namespace pollux::tools {
namespace {

constexpr Token listener_token{0};
constexpr std::size_t buffer_size = 65536;

} // namespace

EchoServer::EchoServer(Poll poll, Mode mode, Tally& tally)
    : poll_(std::move(poll)),
      mode_(mode),
      tally_(&tally),
      listener_(tcp::listen(port_), listener_token, mode),
      buffer_(buffer_size) {
    if (const auto error = listener_.add(poll_.registrator(), Ready::readable)) throw std::system_error(error, "add");
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
        std::error_code error;
        auto socket = listener_.socket().accept(error);
        // Reset while it was queued: there is nobody to serve.
        if (error == std::errc::connection_aborted) continue;
        if (!socket || error) {
            if (!tcp::would_block(error)) return check(error, "accept"); // its clients will miss it and say so
            return check(listener_.expect(poll_.registrator(), Ready::readable), "modify");
        }
        const Token token{next_token_++};
        auto& added =
            connections_.emplace(static_cast<std::uint64_t>(token), Connection{{std::move(socket), token, mode_}})
                .first->second;
        error = added.watched.add(poll_.registrator(), Ready::readable);
        check(error, "add");
        if (error) connections_.erase(static_cast<std::uint64_t>(token));
    }
}

void EchoServer::serve(Token token) {
    const auto found = connections_.find(static_cast<std::uint64_t>(token));
    if (found == connections_.end())
        return check(make_error_code(std::errc::protocol_error), "event for a removed watch");
    auto& connection = found->second;
    const auto error = connection.unsent.empty() ? echo(connection) : flush(connection);
    if (error && !tcp::would_block(error)) {
        check(error, "transfer");
        return drop(token);
    }
    if (connection.ended && connection.unsent.empty()) return drop(token);
    const auto aim = connection.unsent.empty() ? Ready::readable : Ready::writable;
    check(connection.watched.expect(poll_.registrator(), aim), "modify");
}

/// Reads once, so that each connection has its turn, and sends at once what can be sent.
std::error_code EchoServer::echo(Connection& connection) {
    std::error_code error;
    const auto count = connection.watched.socket().read(buffer_, error);
    if (error) return error;
    connection.ended = count == 0;
    if (count == 0) return {};
    const std::span<const std::byte> data(buffer_.data(), count);
    const auto sent = connection.watched.socket().write(data, error);
    connection.unsent.assign(data.begin() + static_cast<std::ptrdiff_t>(sent), data.end());
    return error;
}

std::error_code EchoServer::flush(Connection& connection) {
    std::error_code error;
    const auto sent = connection.watched.socket().write(connection.unsent, error);
    connection.unsent.erase(connection.unsent.begin(), connection.unsent.begin() + static_cast<std::ptrdiff_t>(sent));
    return error;
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
