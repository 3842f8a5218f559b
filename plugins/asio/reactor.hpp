// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <boost/asio/io_context.hpp>

#if !defined(BOOST_ASIO_HAS_EPOLL) || defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
#error "Asio's other reactors break rules of the contract: see docs/decisions/0015-asio-is-the-reference.md"
#endif

namespace pollux::asio_backend {

/// The OwnDescriptors are the file descriptors that Asio opens for itself.
struct OwnDescriptors {
    int epoll = -1;
    int timer = -1;
    int interrupter = -1;
    void* interrupter_registration = nullptr; // in the epoll set

    /// Closes them and changes nothing else: for a forked child, where Asio's own destructors would unregister sources
    /// and interrupt a sleep in the epoll set that the parent uses.
    void close() const noexcept;
    /// Returns whether the epoll set and the interrupter are open. Asio does not notice that they were closed, or are
    /// other files' descriptors by now.
    bool are_open() const noexcept;
    /// Interrupts the sleep of the reactor, as Asio does it, which ignores that it fails. Returns 0 or an errno: EBADF
    /// if a descriptor was closed, or is another file's by now.
    int interrupt() const noexcept;
};

/// Makes Asio open its reactor now, above the standard streams, and not in the first add(). Throws what Asio throws.
OwnDescriptors open_reactor(boost::asio::io_context& context);

/// Sleeps in Asio's reactor at most once, at most for `timeout`, and calls at most one handler. io_context::run_one()
/// and run_one_for() continue until they have called one: they spin after the epoll set was closed. Throws what Asio
/// throws.
void run_turn(boost::asio::io_context& context, Timeout timeout);

} // namespace pollux::asio_backend
