// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "operation.hpp"

#include <array>
#include <cstdint>

namespace pollux::conformance::model {

enum class Nature : std::uint8_t {
    local,       // a stream socket of a pair
    pipe_reader, //
    pipe_writer, //
    directory,   //
    file,        //
    udp,         // connected to far; an error when there is no far that could receive
    listener,    // TCP; far makes connections
    tcp,         // unconnected at first
    datagram,    // a Unix datagram socket of a pair
    event,       // eventfd(2); far writes to near
    timer,       // timerfd(2); far lets it expire
    signal,      // signalfd(2); far sends a realtime signal to the process
    inotify,     // far changes a file
    process,     // pidfd_open(2); far ends the process
    pty_master,  // far is the terminal
    pty_slave    // far is the master
};

/// What there is to know of a kind of source, as data.
struct Kind {
    const char* name;
    std::uint32_t actions;              // that make sense, a bit for each
    unsigned share;                     // how often sequences have it: what is expensive to make, less
    bool reads = false, writes = false; // near can be read from, written to
    bool is_socket = false;
    bool is_counter = false; // one read takes everything
    bool is_always_ready = false;
    bool wakes_itself = false; // what near does may be reported as an arrival, although nothing arrived
};
const Kind& kind_of(Nature nature);

/// What each source is when it is opened.
extern const std::array<Nature, source_count> natures;

/// What is true of one source, whichever descriptors and watches it has: what the operations so far have made of it.
struct Facts {
    Nature nature;
    bool has_far = true;
    bool is_connected = true; // or is no TCP socket
    bool is_connecting = false;
    bool has_ended = false;  // far will send no more
    bool is_dead = false;    // no call on near blocks any more
    bool has_error = false;  // an error waits in near
    bool was_closed = false; // far ended in order, before an error
    bool is_full = false;    // near has no room to write
    bool is_urged = false;   // a byte out of band is there
    std::size_t to_read = 0; // on its way to near
    std::size_t unread = 0;  // on its way to far

    explicit Facts(Nature nature = Nature::local);

    /// The promises that hold: what would not block.
    Ready promises() const;
    /// What may be reported besides, asked for or not, as it ended or failed; nothing of a healthy source.
    Ready hints() const;

    bool allow(const Operation& operation) const;
    void apply(const Operation& operation);
    std::size_t taken_by(const Operation& read) const;

  private:
    void end();
    void send_byte();
};

/// All sources by their descriptors, of which several may be duplicates of one.
class World {
  public:
    explicit World(bool with_pipes = true);

    /// Whether the operation makes sense; one that does not is passed over.
    bool allow(const Operation& operation) const;
    void apply(const Operation& operation);

    const Facts& facts(std::size_t source) const { return facts_[slot_of_[source]]; }
    const Facts& facts_in(std::size_t slot) const { return facts_[slot]; }
    bool is_open(std::size_t source) const { return is_open_[source]; }
    /// Where the facts of a source are; a slot is used again when its last descriptor has been closed.
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
