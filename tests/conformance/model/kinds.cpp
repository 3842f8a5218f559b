// SPDX-License-Identifier: BSL-1.0
#include "kinds.hpp"

#include <algorithm>
#include <initializer_list>

namespace pollux::conformance::model {
namespace {

// Few enough to fit in any system, and not to use up far's share of a small buffer.
constexpr std::size_t most_to_read = 32, most_unread = 4;

constexpr std::uint32_t set_of(std::initializer_list<Action> actions) {
    std::uint32_t set = 0;
    for (const auto action : actions) set |= 1U << static_cast<unsigned>(action);
    return set;
}

using enum Action;
constexpr auto tcp_actions =
    set_of({write, read, send, drain, shut_down, hang_up, reset, urge, connect, answer, refuse});

constexpr auto pair_actions = set_of({write, read, send, fill, drain, hang_up});
constexpr auto pty_actions = set_of({write, read, send, drain, hang_up});

enum : unsigned { reads = 1, writes = 2, is_socket = 4, is_counter = 8, is_always_ready = 16, wakes_itself = 32 };

constexpr Kind kind(const char* name, unsigned share, std::uint32_t actions, unsigned traits) {
    return {.name = name,
            .actions = actions,
            .share = share,
            .reads = (traits & reads) != 0,
            .writes = (traits & writes) != 0,
            .is_socket = (traits & is_socket) != 0,
            .is_counter = (traits & is_counter) != 0,
            .is_always_ready = (traits & is_always_ready) != 0,
            .wakes_itself = (traits & wakes_itself) != 0};
}

// In the order of Nature.
constexpr std::array<Kind, 23> kinds{{
    kind("local socket", 40, pair_actions | set_of({shut_down}), reads | writes | is_socket),
    kind("pipe, reading end", 40, set_of({write, read, hang_up}), reads),
    kind("pipe, writing end", 40, set_of({send, fill, drain, hang_up}), writes),
    kind("directory", 20, 0, reads | writes | is_always_ready),
    kind("file", 20, 0, reads | writes | is_always_ready),
    kind("UDP socket", 20, set_of({write, read, send, drain, hang_up}), reads | writes | is_socket | wakes_itself),
    kind("TCP listener", 10, set_of({write, read}), reads | is_socket),
    kind("TCP socket", 20, tcp_actions, reads | writes | is_socket | wakes_itself),
    kind("Unix datagram socket", 40, pair_actions, reads | writes | is_socket | wakes_itself),
    kind("eventfd", 40, set_of({write, read, fill}), reads | writes | is_counter | wakes_itself),
    kind("timerfd", 20, set_of({write, read}), reads | is_counter),
    kind("signalfd", 20, set_of({write, read}), reads | wakes_itself),
    kind("inotify", 1, set_of({write, read}), reads),
    kind("pidfd", 2, set_of({hang_up}), reads),
    kind("pseudoterminal, master", 4, pty_actions, reads | writes | wakes_itself),
    kind("pseudoterminal, slave", 4, pty_actions, reads | writes | wakes_itself),
    kind("sequenced-packet socket", 10, pair_actions | set_of({shut_down}), reads | writes | is_socket),
    kind("Unix listener", 5, set_of({write, read}), reads | is_socket),
    kind("FIFO, reading end", 5, set_of({write, read, hang_up}), reads),
    kind("FIFO, writing end", 5, set_of({send, fill, drain, hang_up}), writes),
    kind("epoll", 5, set_of({write, read}), reads | is_counter),
    kind("/dev/null", 2, 0, reads | writes | is_always_ready),
    kind("/dev/zero", 2, 0, reads | writes | is_always_ready),
}};

} // namespace

const Kind& kind_of(Nature nature) { return kinds[static_cast<std::size_t>(nature)]; }

const std::array<Nature, source_count> natures{
    Nature::local,       Nature::pipe_reader, Nature::pipe_writer, Nature::local,       Nature::directory,
    Nature::file,        Nature::udp,         Nature::listener,    Nature::tcp,         Nature::tcp,
    Nature::datagram,    Nature::event,       Nature::timer,       Nature::signal,      Nature::inotify,
    Nature::process,     Nature::pty_master,  Nature::pty_slave,   Nature::packet,      Nature::unix_listener,
    Nature::fifo_reader, Nature::fifo_writer, Nature::epoll,       Nature::null_device, Nature::zero_device};

Facts::Facts(Nature made_as)
    : nature(made_as),
      has_far(!kind_of(made_as).is_always_ready && made_as != Nature::tcp),
      is_connected(made_as != Nature::tcp),
      is_dead(!is_connected) {}

Ready Facts::promises() const {
    const auto& kind = kind_of(nature);
    if (kind.is_always_ready) return Ready::readable | Ready::writable;
    Ready ready = Ready::none;
    if (!is_connected) return ready;
    if (kind.reads && (to_read > 0 || has_ended || has_error)) ready |= Ready::readable;
    if (kind.writes && (!is_full || is_dead || has_error)) ready |= Ready::writable;
    if (is_urged) ready |= Ready::priority;
    return ready;
}

Ready Facts::hints() const {
    Ready ready = Ready::none;
    // Linux reports a socket that was never connected like one with a hang-up.
    if (has_ended || (!is_connected && is_dead)) ready |= Ready::readable | Ready::closed;
    if (is_dead) ready |= Ready::writable;
    if (has_error) ready |= Ready::readable | Ready::writable | Ready::failed;
    return ready;
}

bool Facts::allow(const Operation& operation) const {
    const auto action = operation.action;
    if (!(kind_of(nature).actions & set_of({action}))) return false;
    if (action == connect || action == refuse) return !is_connected && !is_connecting;
    if (action == answer) return is_connecting;
    if (!is_connected) return false;
    // The effect of an end on an out-of-band byte depends on the system.
    if (is_urged) return action == read || ((action == send || action == drain) && has_far);
    switch (action) {
    case write:
        return has_far && !has_ended && !(nature == Nature::event && is_full) && operation.amount > 0 &&
               to_read + operation.amount <= most_to_read;
    case read:
        return operation.amount > 0;
    case send:
        // A closed terminal can be opened again, and the master can write to it.
        return (is_full || unread < most_unread) && (has_far || nature != Nature::pty_master);
    case shut_down:
        return has_far && !has_ended;
    case urge:
        return has_far && !has_ended && to_read == 0;
    case fill:
        return has_far && !(nature == Nature::event && is_full);
    default:
        return has_far;
    }
}

std::size_t Facts::taken_by(const Operation& operation) const {
    if (is_urged || (has_error && (nature == Nature::udp || nature == Nature::packet))) return 0; // the error first
    return kind_of(nature).is_counter ? to_read : std::min(operation.amount, to_read);
}

void Facts::apply(const Operation& operation) {
    switch (operation.action) {
    case write:
        to_read = nature == Nature::timer ? 1 : to_read + operation.amount;
        break;
    case read:
        if (is_urged) {
            is_urged = false;
        } else if (taken_by(operation) > 0) {
            to_read -= taken_by(operation);
            is_full = is_full && nature != Nature::event;
        } else if (nature == Nature::udp || is_local(nature) || (nature == Nature::tcp && !was_closed)) {
            has_error = false; // it is returned once
        }
        break;
    case send:
        send_byte();
        break;
    case fill:
        is_full = true;
        (nature == Nature::event ? to_read : unread) = 1;
        break;
    case drain:
        unread = 0;
        is_full = false;
        break;
    case shut_down:
        has_ended = was_closed = true;
        break;
    case hang_up:
        end();
        break;
    case reset:
        has_ended = has_error = is_dead = true;
        has_far = false;
        break;
    case urge:
        is_urged = true;
        break;
    case connect:
        is_connecting = true;
        is_dead = false;
        break;
    case answer:
        is_connected = has_far = true;
        is_connecting = false;
        break;
    case refuse:
        is_connected = has_ended = has_error = is_dead = true;
        break;
    default:
        break;
    }
}

void Facts::send_byte() {
    if (nature == Nature::udp && (has_error || !has_far)) {
        has_error = !has_error; // the refusal; it is returned once
    } else if ((nature == Nature::tcp && is_dead) || (nature == Nature::packet && has_error)) {
        has_error = false; // for a packet: sock_error() in unix_seqpacket_sendmsg() in net/unix/af_unix.c
    } else if (nature == Nature::datagram && !has_far) {
        to_read = 0; // Linux drops what the lost peer has sent (unix_dgram_disconnected() in net/unix/af_unix.c)
    } else if (nature == Nature::tcp && !has_far) {
        is_dead = has_error = true; // since far is closed, it resets the connection
    } else if (has_far && !is_dead && !is_full) {
        ++unread;
    }
}

void Facts::end() {
    has_far = false;
    if (nature == Nature::udp || nature == Nature::datagram) {
        is_full = false; // the only effect on near
        unread = 0;
        return;
    }
    // Closing a stream socket with unread data resets it.
    const bool is_reset = unread > 0 && (is_local(nature) || nature == Nature::tcp);
    has_error = is_reset || is_writing_end(nature) || nature == Nature::pty_slave;
    was_closed = was_closed || !is_reset;
    has_ended = true;
    is_dead = is_reset || nature != Nature::tcp;
    if (nature == Nature::pty_slave) to_read = 0;
}

World::World(bool with_pipes) : with_pipes_(with_pipes) {
    for (std::size_t source = 0; source < source_count; ++source) {
        is_open_[source] = true;
        slot_of_[source] = source;
        facts_[source] = Facts(nature_of(source));
    }
}

Nature World::nature_of(std::size_t source) const {
    const auto nature = natures[source];
    const auto& kind = kind_of(nature);
    return with_pipes_ || kind.is_socket || kind.is_always_ready ? nature : Nature::local;
}

bool World::allow(const Operation& operation) const {
    switch (operation.action) {
    case add:
    case modify:
    case remove:
    case wake:
    case select:
        return true;
    case close:
        return is_open(operation.source);
    case reopen:
        return !is_open(operation.source) && (nature_of(operation.source) != Nature::signal || !has_signalfd());
    case dup:
        return !is_open(operation.source) && operation.amount < source_count && is_open(operation.amount);
    default:
        return is_open(operation.source) && facts(operation.source).allow(operation);
    }
}

/// Two signalfds of one signal would compete for it.
bool World::has_signalfd() const {
    for (std::size_t slot = 0; slot < source_count; ++slot) {
        if (facts_[slot].nature == Nature::signal && is_in_use(slot)) return true;
    }
    return false;
}

void World::apply(const Operation& operation) {
    const auto source = operation.source;
    switch (operation.action) {
    case close:
        is_open_[source] = false;
        break;
    case reopen:
        slot_of_[source] = 0;
        while (is_in_use(slot_of_[source])) ++slot_of_[source];
        facts_[slot_of_[source]] = Facts(nature_of(source));
        is_open_[source] = true;
        break;
    case dup:
        slot_of_[source] = slot_of_[operation.amount];
        is_open_[source] = true;
        break;
    default:
        if (!is_registration(operation.action) && has_source(operation.action))
            facts_[slot_of_[source]].apply(operation);
    }
}

bool World::is_in_use(std::size_t slot) const {
    for (std::size_t source = 0; source < source_count; ++source) {
        if (is_open_[source] && slot_of_[source] == slot) return true;
    }
    return false;
}

} // namespace pollux::conformance::model
