// SPDX-License-Identifier: BSL-1.0
#include "reactor.hpp"

#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/scheduler.hpp>
#include <boost/asio/detail/throw_error.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <sys/epoll.h>
#include <unistd.h>

namespace pollux::asio_backend {
namespace {

using Reactor = boost::asio::detail::epoll_reactor;

// The descriptors of Asio are private. An explicit instantiation may name private members ([temp.spec.general]), and
// does not compile if Asio has others.
template <typename Member, typename Member::Type pointer>
struct Reveal {
    friend typename Member::Type get(Member) { return pointer; }
};
struct EpollMember {
    using Type = int Reactor::*;
    friend Type get(EpollMember);
};
struct TimerMember {
    using Type = int Reactor::*;
    friend Type get(TimerMember);
};
struct InterrupterMember {
    using Type = boost::asio::detail::select_interrupter Reactor::*;
    friend Type get(InterrupterMember);
};
template struct Reveal<EpollMember, &Reactor::epoll_fd_>;
template struct Reveal<TimerMember, &Reactor::timer_fd_>;
template struct Reveal<InterrupterMember, &Reactor::interrupter_>;

} // namespace

void OwnDescriptors::close() const noexcept {
    for (const int descriptor : {epoll, timer, interrupter}) {
        if (descriptor != -1) ::close(descriptor);
    }
}

bool OwnDescriptors::are_open() const noexcept {
    // Only the epoll set that holds the interrupter refuses it like that. Unlike interrupt(), this ends no sleep.
    epoll_event event{};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, interrupter, &event) == -1) return errno == EEXIST;
    epoll_ctl(epoll, EPOLL_CTL_DEL, interrupter, nullptr);
    return false;
}

int OwnDescriptors::interrupt() const noexcept {
    // The same registration as that of Asio, whose interrupter is always ready: setting it again is an arrival.
    epoll_event event{EPOLLIN | EPOLLERR | EPOLLET, {.ptr = interrupter_registration}};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, interrupter, &event) == 0) return 0;
    return errno == ENOMEM ? ENOMEM : EBADF;
}

OwnDescriptors open_reactor(boost::asio::io_context& context) {
    auto& reactor = boost::asio::use_service<Reactor>(context);
    auto& interrupter = reactor.*get(InterrupterMember());
    return {reactor.*get(EpollMember()), reactor.*get(TimerMember()), interrupter.read_descriptor(), &interrupter};
}

void run_turn(boost::asio::io_context& context, Timeout timeout) {
    using std::chrono::microseconds;
    constexpr std::chrono::nanoseconds most = std::chrono::minutes(30); // in microseconds it fits into 32 bits
    const auto wait = std::min(timeout.value_or(most), most);
    boost::system::error_code error;
    boost::asio::use_service<boost::asio::detail::scheduler>(context).wait_one(
        timeout ? static_cast<long>(std::chrono::ceil<microseconds>(wait).count()) : -1, error);
    boost::asio::detail::throw_error(error);
}

} // namespace pollux::asio_backend
