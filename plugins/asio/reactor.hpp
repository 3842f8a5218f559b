// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/io_context.hpp>

#include <array>

#if !defined(BOOST_ASIO_HAS_EPOLL) || defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
#error "Asio's other reactors break rules of the contract: docs/decisions/0015-asio-is-the-reference.md says which"
#endif

namespace pollux::asio_backend {

/// The file descriptors that Asio opens for itself.
struct OwnDescriptors {
    int epoll = -1;
    int timer = -1;
    int interrupter = -1;

    /// Closes them and touches nothing else: for a forked child, where Asio's own destructors would deregister sources
    /// and interrupt a sleep in the epoll set that the parent uses.
    void close() const noexcept;
    /// Whether the epoll set is there: Asio does not notice that it was closed, and spins.
    bool are_open() const noexcept;
};

/// Makes Asio open its reactor now, not in the first add(), above the standard streams; throws what Asio throws.
OwnDescriptors open_reactor(boost::asio::io_context& context);

/// Takes the file descriptors of standard streams that the program was started without, while Asio opens its own.
class StandardStreams {
  public:
    StandardStreams() noexcept;
    ~StandardStreams();
    StandardStreams(const StandardStreams&) = delete;
    StandardStreams& operator=(const StandardStreams&) = delete;

  private:
    std::array<int, 3> taken_{-1, -1, -1};
};

} // namespace pollux::asio_backend
