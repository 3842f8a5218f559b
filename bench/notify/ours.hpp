// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/notify/notify.hpp>
#include <pollux/poll.hpp>

#include <cstddef>
#include <system_error>

namespace pollux::bench {

/// A contender with event_queue(capacity).
class RingQueue {
  public:
    static constexpr auto name = "pollux";
    static constexpr bool names_tokens = true;

    explicit RingQueue(std::size_t capacity) : queue_(notify::event_queue(capacity)), tokens_(capacity) {}

    const notify::Notifier& notifier() const noexcept { return queue_.notifier; }

    const notify::Tokens& poll(std::size_t limit) noexcept {
        queue_.poller.poll(tokens_, limit);
        return tokens_;
    }

  private:
    notify::TokenQueue queue_;
    notify::Tokens tokens_;
};

/// A contender with lanes.
class Lanes {
  public:
    static constexpr auto name = "lanes";
    static constexpr bool names_tokens = true;

    explicit Lanes(std::size_t capacity) : queue_(notify::event_queue(capacity, notify::lanes)), tokens_(capacity) {}

    notify::LaneNotifier notifier() const { return queue_.notifier; }

    const notify::Tokens& poll(std::size_t limit) noexcept {
        queue_.poller.poll(tokens_, limit);
        return tokens_;
    }

  private:
    notify::TokenLanes queue_;
    notify::Tokens tokens_;
};

/// A contender with event_channel(capacity).
class Channel {
  public:
    static constexpr auto name = "pollux";
    static constexpr bool names_tokens = true;

    explicit Channel(std::size_t capacity) : channel_(notify::event_channel(capacity)), tokens_(capacity) {}

    std::error_code notify(Token token) noexcept { return channel_.sender.notify(token); }

    const notify::Tokens& recv() {
        if (const auto error = channel_.receiver.recv(tokens_)) throw std::system_error(error);
        return tokens_;
    }

  private:
    notify::TokenChannel channel_;
    notify::Tokens tokens_;
};

/// A contender with a queue that is bound to a Poll on epoll.
class InPoll {
  public:
    static constexpr auto name = "pollux";
    static constexpr bool names_tokens = true;

    explicit InPoll(std::size_t capacity)
        : queue_(notify::event_queue(capacity, poll_.registrator())), tokens_(capacity) {}

    std::error_code notify(Token token) noexcept { return queue_.notifier.notify(token); }

    const notify::Tokens& recv() {
        for (;;) {
            queue_.poller.poll(tokens_);
            if (!tokens_.empty()) return tokens_;
            if (const auto error = poll_.poll(events_)) throw std::system_error(error);
        }
    }

  private:
    Poll poll_{Request{"epoll"}};
    notify::TokenQueue queue_;
    notify::Tokens tokens_;
    Events events_;
};

} // namespace pollux::bench
