// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

/// The sources that rules are tried on, the same on every system. All are non-blocking and not inherited. What cannot
/// be made throws std::system_error: then the machine is at fault, not the backend.
namespace pollux::conformance {

/// Owns a source.
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

/// Two connected ends: rules watch `near`, and act on `far`.
struct Pair {
    Owned near;
    Owned far;
};

enum class Kind { tcp, local, pipe };
const char* name_of(Kind kind) noexcept;

/// A pair of the kind: TCP on loopback; a local stream (TCP where the system has none); a pipe, read from `near`.
Pair make_pair(Kind kind);

/// A file and a directory.
Owned open_file();
Owned open_directory();
/// Another name of the same source, as by dup().
Owned duplicate(Source source);

/// What a read or write came to: bytes, 0 at the end of the stream, or an error.
struct Outcome {
    std::size_t bytes = 0;
    std::error_code error;
};

Outcome write(Source source, const std::string& bytes);
Outcome read(Source source, std::size_t most = 65536);
/// Reads until the read would block or the stream ends; returns the number of bytes.
std::size_t drain(Source source);
/// Writes until the write would block; returns the number of bytes.
std::size_t fill(Source source);

/// Waits until there is something to read, by the system's own word; false after 5 s.
bool wait_for_data(Source source);
void send_datagram(Source source, const std::string& bytes);

void shut_down_writing(Source source);
/// Closes a TCP end so that the other gets a reset instead of the end of the stream.
void reset(Owned& source);
/// Sends one out-of-band byte through TCP.
void write_urgent(Source source);
/// The pending error of a socket (SO_ERROR), which this clears.
std::error_code take_error(Source socket);

/// A UDP socket on loopback. `connected_to`: its peer; none: left unconnected.
Owned udp_socket(Source connected_to = Owned::none);
/// A UDP socket that is connected to a port where nobody listens.
Owned udp_socket_to_nobody();

Owned unconnected_tcp_socket();
Owned listener(int backlog = 16);
/// Begins to connect to a listener; may have ended when this returns.
Owned connect_to(Source listener);
/// Begins to connect to a port where nobody listens.
Owned connect_to_nobody();
/// None if the accept failed; then `error` says why.
Owned accept(Source listener, std::error_code& error);

/// Gives a source the number of one that was closed.
Owned renumber(Owned source, Source number);

void set_blocking(Source source, bool blocking);
/// The flags that belong to the source and its number, for comparison.
std::string flags_of(Source source);

/// Whether a TCP source has been reset or hung up, by the system's own word; waits for it, 5 s at most.
bool wait_for_hang_up(Source source);
/// Whether a connection that has begun is still under way.
bool is_connecting(Source source);

} // namespace pollux::conformance
