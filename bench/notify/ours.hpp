// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/notify.hpp>
#include <pollux/poll.hpp>

#include <cstddef>
#include <system_error>

namespace pollux::bench {

class RingQueue {
  public:
    static constexpr auto name = "pollux";
    static constexpr bool names_tokens = true;

    explicit RingQueue(std::size_t capacity) : queue_(event_queue(capacity)), tokens_(capacity) {}

    const Notifier& notifier() const noexcept { return queue_.notifier; }

    const Tokens& poll(std::size_t limit) noexcept {
        queue_.poller.poll(tokens_, limit);
        return tokens_;
    }

  private:
    TokenQueue queue_;
    Tokens tokens_;
};

class Lanes {
  public:
    static constexpr auto name = "lanes";
    static constexpr bool names_tokens = true;

    explicit Lanes(std::size_t capacity) : queue_(event_queue(capacity, lanes)), tokens_(capacity) {}

    LaneNotifier notifier() const { return queue_.notifier; }

    const Tokens& poll(std::size_t limit) noexcept {
        queue_.poller.poll(tokens_, limit);
        return tokens_;
    }

  private:
    TokenLanes queue_;
    Tokens tokens_;
};

class Channel {
  public:
    static constexpr auto name = "pollux";
    static constexpr bool names_tokens = true;

    explicit Channel(std::size_t capacity) : channel_(event_channel(capacity)), tokens_(capacity) {}

    std::error_code notify(Token token) noexcept { return channel_.sender.notify(token); }

    const Tokens& recv() {
        if (const auto error = channel_.receiver.recv(tokens_)) throw std::system_error(error);
        return tokens_;
    }

  private:
    TokenChannel channel_;
    Tokens tokens_;
};

/// A contender with a queue that is bound to a Poll on epoll.
class InPoll {
  public:
    static constexpr auto name = "pollux";
    static constexpr bool names_tokens = true;

    explicit InPoll(std::size_t capacity) : queue_(event_queue(capacity, poll_.registrator())), tokens_(capacity) {}

    std::error_code notify(Token token) noexcept { return queue_.notifier.notify(token); }

    const Tokens& recv() {
        for (;;) {
            queue_.poller.poll(tokens_);
            if (!tokens_.empty()) return tokens_;
            if (const auto error = poll_.poll(events_)) throw std::system_error(error);
        }
    }

  private:
    Poll poll_{Request{"epoll"}};
    TokenQueue queue_;
    Tokens tokens_;
    Events events_;
};

} // namespace pollux::bench
