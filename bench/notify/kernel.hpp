// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pollux::bench {

/// A contender with an eventfd alone, which reports a notification without its token.
class EventFd {
  public:
    static constexpr auto name = "eventfd";
    static constexpr bool names_tokens = false;

    explicit EventFd(int flags) : source_(eventfd(0, flags | EFD_CLOEXEC)) {
        if (source_ == -1) throw std::system_error(errno, std::system_category(), "eventfd");
    }
    ~EventFd() { close(source_); }
    EventFd(const EventFd&) = delete;
    EventFd& operator=(const EventFd&) = delete;

    std::error_code notify(Token) const noexcept {
        const std::uint64_t one = 1;
        if (write(source_, &one, sizeof one) == -1) return {errno, std::system_category()};
        return {};
    }

    /// One token, or none.
    const std::vector<Token>& take() noexcept {
        std::uint64_t count = 0;
        return read(source_, &count, sizeof count) == -1 ? nothing_ : something_;
    }

    int source() const noexcept { return source_; }

  private:
    int source_;
    const std::vector<Token> nothing_, something_{Token{0}};
};

class EventFdQueue : public EventFd {
  public:
    explicit EventFdQueue(std::size_t) : EventFd(EFD_NONBLOCK) {}
    const EventFd& notifier() const noexcept { return *this; }
    const std::vector<Token>& poll(std::size_t) noexcept { return take(); }
};

class EventFdChannel : public EventFd {
  public:
    explicit EventFdChannel(std::size_t) : EventFd(0) {}
    const std::vector<Token>& recv() noexcept { return take(); }
};

/// A contender with a queue and a hand-written epoll loop: each notification also writes to an eventfd, which is
/// edge-triggered and need not be read.
template <typename Queue>
class BesideEpoll {
  public:
    static constexpr auto name = Queue::name;
    static constexpr bool names_tokens = Queue::names_tokens;

    explicit BesideEpoll(std::size_t capacity)
        : queue_(capacity), capacity_(capacity), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event event{EPOLLIN | EPOLLET, {}};
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup().source(), &event) == -1) {
            throw std::system_error(errno, std::system_category(), "epoll");
        }
    }
    ~BesideEpoll() { close(epoll_); }
    BesideEpoll(const BesideEpoll&) = delete;
    BesideEpoll& operator=(const BesideEpoll&) = delete;

    std::error_code notify(Token token) {
        if (const auto error = queue_.notify(token)) return error;
        return names_tokens ? wakeup_.notify(token) : std::error_code();
    }

    const auto& recv() {
        for (epoll_event event{};;) {
            if (const auto& tokens = queue_.poll(capacity_); !tokens.empty()) return tokens;
            epoll_wait(epoll_, &event, 1, -1);
        }
    }

  private:
    const EventFd& wakeup() const noexcept {
        if constexpr (names_tokens) {
            return wakeup_;
        } else {
            return queue_;
        }
    }

    Queue queue_;
    const std::size_t capacity_;
    EventFd wakeup_{EFD_NONBLOCK};
    const int epoll_;
};

} // namespace pollux::bench
