// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

/// The sources of the tests, the same on every system. All are non-blocking and not inherited. A function that cannot
/// make a source throws std::system_error: the machine is at fault then, not the backend.
namespace pollux::conformance {

/// An Owned owns a source, and closes it.
class Owned {
  public:
    Owned() = default;
    explicit Owned(Source source) noexcept : source_(source) {}
    Owned(Owned&& other) noexcept : source_(std::exchange(other.source_, none)) {}
    Owned& operator=(Owned&& other) noexcept {
        std::swap(source_, other.source_);
        return *this;
    }
    ~Owned() { close(); }

    void close() noexcept;
    Source release() noexcept { return std::exchange(source_, none); }
    Source get() const noexcept { return source_; }
    operator Source() const noexcept { return source_; }

    static constexpr Source none = static_cast<Source>(-1);

  private:
    Source source_ = none;
};

/// A Pair is two connected ends: rules watch `near`, and act on `far`.
struct Pair {
    Owned near;
    Owned far;
};

enum class Kind { tcp, local, pipe };
const char* name_of(Kind kind) noexcept;

/// Makes a pair: TCP on loopback; a local stream (TCP where the system has none); a pipe, read from `near`.
Pair make_pair(Kind kind);

/// Opens a file, or a directory.
Owned open_file();
Owned open_directory();
/// Returns another descriptor of the same source, like dup().
Owned duplicate(Source source);

/// An IoResult is the result of a read or write: a number of bytes, 0 at the end of the stream, or an error.
struct IoResult {
    std::size_t bytes = 0;
    std::error_code error;
};

IoResult write(Source source, const std::string& bytes);
IoResult read(Source source, std::size_t most = 65536);
/// Reads until the read would block or the stream ends; returns the number of bytes.
std::size_t drain(Source source);
/// Writes until the write would block; returns the number of bytes.
std::size_t fill(Source source);

/// Waits until the system reports the source as readable; returns false after 5 s.
bool wait_for_data(Source source);
void send_datagram(Source source, const std::string& bytes);

void shut_down_writing(Source source);
/// Closes a TCP end so that the peer receives a reset instead of the end of the stream.
void reset(Owned& source);
/// Sends one out-of-band byte over TCP.
void write_urgent(Source source);
/// Returns and clears the pending error of a socket (SO_ERROR).
std::error_code take_error(Source socket);

/// Makes a UDP socket on loopback. `connected_to`: its peer; none: left unconnected.
Owned udp_socket(Source connected_to = Owned::none);
/// Makes a UDP socket that is connected to a closed port.
Owned udp_socket_to_closed_port();

Owned unconnected_tcp_socket();
Owned listener(int backlog = 16);
/// Starts to connect to a listener; may be connected on return.
Owned connect_to(Source listener);
/// Starts to connect to a closed port.
Owned connect_to_closed_port();
/// Accepts a connection. On failure owns nothing, and `error` is set.
Owned accept(Source listener, std::error_code& error);

/// Gives a source the descriptor number of one that was closed.
Owned renumber(Owned source, Source number);

void set_blocking(Source source, bool blocking);
/// The flags of the source and of its descriptor, as text, for comparison.
std::string flags_of(Source source);

/// Waits, for at most 5 s, until the system reports a reset or hang-up of a TCP source; returns whether it has.
bool wait_for_hang_up(Source source);
/// Whether a started connection is still in progress.
bool is_connecting(Source source);

} // namespace pollux::conformance
