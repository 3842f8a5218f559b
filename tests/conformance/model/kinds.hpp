// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "operation.hpp"

#include <array>
#include <cstdint>

namespace pollux::conformance::model {

/// The kind of a source.
enum class Nature : std::uint8_t {
    local,         // a stream socket of a pair
    pipe_reader,   //
    pipe_writer,   //
    directory,     //
    file,          //
    udp,           // connected to far; an error when there is no far that could receive
    listener,      // TCP; far makes connections
    tcp,           // unconnected at first
    datagram,      // a Unix datagram socket of a pair
    event,         // eventfd(2); far writes to near
    timer,         // timerfd(2); far lets it expire
    signal,        // signalfd(2); far sends a realtime signal to the process
    inotify,       // far changes a file
    process,       // pidfd_open(2); far ends the process
    pty_master,    // far is the terminal
    pty_slave,     // far is the master
    packet,        // a SOCK_SEQPACKET socket of a pair
    unix_listener, // far makes connections
    fifo_reader,   //
    fifo_writer,   //
    epoll,         // an epoll set that watches an eventfd; far writes to that
    null_device,   //
    zero_device    //
};

/// A Kind describes a kind of source.
struct Kind {
    const char* name;
    std::uint32_t actions;              // possible actions, a bit for each
    unsigned share;                     // the weight in sequences, lower for expensive kinds
    bool reads = false, writes = false; // near can be read from, written to
    bool is_socket = false;
    bool is_counter = false; // one read returns everything
    bool is_always_ready = false;
    bool wakes_itself = false; // an action of near may be reported as an arrival
};
const Kind& kind_of(Nature nature);

inline bool is_terminal(Nature nature) { return nature == Nature::pty_master || nature == Nature::pty_slave; }
inline bool is_reading_end(Nature nature) { return nature == Nature::pipe_reader || nature == Nature::fifo_reader; }
inline bool is_writing_end(Nature nature) { return nature == Nature::pipe_writer || nature == Nature::fifo_writer; }
inline bool is_device(Nature nature) { return nature == Nature::null_device || nature == Nature::zero_device; }
/// A local socket with a connection.
inline bool is_local(Nature nature) { return nature == Nature::local || nature == Nature::packet; }

/// The kind of each source when it is opened.
extern const std::array<Nature, source_count> natures;

/// Facts are the state of one source after the operations so far, independent of its descriptors and watches.
struct Facts {
    Nature nature;
    bool has_far = true;
    bool is_connected = true; // true for other kinds than TCP sockets
    bool is_connecting = false;
    bool has_ended = false;  // far sends no more
    bool is_dead = false;    // no call on near blocks
    bool has_error = false;  // near has a pending error
    bool was_closed = false; // far ended the stream before an error
    bool is_full = false;    // near has no space to write
    bool is_urged = false;   // an out-of-band byte is pending
    std::size_t to_read = 0; // on its way to near
    std::size_t unread = 0;  // on its way to far

    explicit Facts(Nature nature = Nature::local);

    /// The promises that hold: calls that would not block.
    Ready promises() const;
    /// The hints that may be reported, since the source ended or failed; none for a healthy source.
    Ready hints() const;

    bool allow(const Operation& operation) const;
    void apply(const Operation& operation);
    std::size_t taken_by(const Operation& read) const;

  private:
    void end();
    void send_byte();
};

/// A World has all sources by their descriptors, of which several may be duplicates.
class World {
  public:
    explicit World(bool with_pipes = true);

    /// Whether the operation is possible; otherwise it is skipped.
    bool allow(const Operation& operation) const;
    void apply(const Operation& operation);

    const Facts& facts(std::size_t source) const { return facts_[slot_of_[source]]; }
    const Facts& facts_in(std::size_t slot) const { return facts_[slot]; }
    bool is_open(std::size_t source) const { return is_open_[source]; }
    /// The slot with the facts of a source; it is reused after its last descriptor was closed.
    std::size_t slot_of(std::size_t source) const { return slot_of_[source]; }
    bool is_in_use(std::size_t slot) const;

  private:
    bool has_signalfd() const;
    Nature nature_of(std::size_t source) const;

    bool with_pipes_;
    std::array<Facts, source_count> facts_;
    std::array<std::size_t, source_count> slot_of_{};
    std::array<bool, source_count> is_open_{};
};

} // namespace pollux::conformance::model
