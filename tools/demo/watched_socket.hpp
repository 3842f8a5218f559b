// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/poll.hpp>

#include <utility>

namespace pollux::tools {

/// A WatchedSocket owns a socket of pollux::net and its watch in a Poll, in any mode.
template <typename Socket>
class WatchedSocket {
  public:
    WatchedSocket(Socket socket, Token token, Mode mode) noexcept
        : socket_(std::move(socket)), watch_{token, Ready::none, mode} {}

    Socket& socket() noexcept { return socket_; }

    std::error_code add(const PollRegistrator& registrator, Ready interest) noexcept {
        watch_.interest = interest;
        return registrator.add(socket_, watch_);
    }

    /// Sets the next interest. Call it after each event: a one-shot watch needs it even if nothing has changed.
    std::error_code set_interest(const PollRegistrator& registrator, Ready interest) noexcept {
        if (interest == watch_.interest && watch_.mode == Mode::level) return {};
        watch_.interest = interest;
        return registrator.modify(socket_, watch_);
    }

    std::error_code remove(const PollRegistrator& registrator) noexcept {
        const auto error = registrator.remove(socket_);
        socket_.close();
        return error;
    }

  private:
    Socket socket_;
    Watch watch_;
};

} // namespace pollux::tools
