// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "reactor.hpp"

#include <pollux/plugin.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <list>

#include <poll.h>
#include <sys/stat.h>

namespace pollux::asio_backend {

/// What this backend can do on this system.
extern const Capabilities own_capabilities;

using Descriptor = boost::asio::posix::stream_descriptor;

struct Direction {
    Ready ready;
    short polled;
    Descriptor::wait_type wait;
};
inline constexpr std::array directions{
    Direction{Ready::readable, POLLIN, Descriptor::wait_read},
    Direction{Ready::writable, POLLOUT, Descriptor::wait_write},
    Direction{Ready::priority, POLLPRI, Descriptor::wait_error},
};
inline constexpr Ready promises = Ready::readable | Ready::writable | Ready::priority;

/// Converts an error of Asio, whose categories are in this plugin, to a category that the program has as well.
std::error_code portable(const boost::system::error_code& error) noexcept;

/// Converts the current exception to an error: none may leave the plugin.
std::error_code caught() noexcept;

/// A Watched is a watch, and the descriptor by which Asio waits for its source.
struct Watched {
    Watched(boost::asio::io_context& context, Source descriptor_of_caller, const Watch& requested)
        : descriptor(context), source(descriptor_of_caller), watch(requested) {}
    ~Watched() {
        if (descriptor.is_open()) descriptor.release(); // Asio would close it
    }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

    /// Returns whether its file descriptor is still that of the file that was registered with Asio, as far as fstat(2)
    /// can distinguish files.
    bool is_same_file() const noexcept;

    Descriptor descriptor;
    Source source;
    struct stat file {};          // when it was added
    Watch watch;                  // without interest when paused or spent
    std::uint64_t generation = 0; // of the watch; a wait of an older one is void
    std::array<bool, directions.size()> waiting{};
    bool wait_failed = false;
    bool wait_ended = false;     // since the last poll_now()
    bool is_unexplained = false; // a wait ended, and then poll_now() found nothing
    bool due = false;            // which of the two lists it is in
};
using Watches = std::list<Watched>;

/// Registers a source with Asio, and leaves its flags unchanged.
std::error_code register_source(Watched& watched);

/// Returns the conditions of a watch that poll(2) reports now.
Ready poll_now(Watched& watched, std::error_code& error) noexcept;

/// Returns why the source cannot be watched in this way; no error if it can.
std::error_code validate(Source source, const Watch& watch) noexcept;

} // namespace pollux::asio_backend
