// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cstddef>
#include <string>
#include <vector>

/// The operations of sequences, and their notation: "add 0 r level; write 0 1; select 64".
namespace pollux::conformance::model {

/// The number of sources; kinds.hpp defines their kinds.
inline constexpr std::size_t source_count = 25;

/// What an operation does. "near" is the end that is watched, "far" the other one, or whatever makes near ready.
enum class Action {
    add,       // watches a source
    modify,    // changes its watch
    remove,    // ends it
    write,     // far sends `amount` bytes, datagrams, connections, signals ...
    read,      // near takes `amount` of them at most
    send,      // near writes a byte or a datagram
    fill,      // near writes until there is no room
    drain,     // far reads everything
    shut_down, // far shuts down writing
    hang_up,   // far is closed; a process ends
    reset,     // far resets the connection
    urge,      // far sends a byte out of band
    connect,   // near begins to connect to a listener that does not answer yet
    answer,    // the listener answers
    refuse,    // near connects to a port where no socket listens
    close,     // near is closed, watched or not
    reopen,    // near is a new source with the old descriptor
    dup,       // near is a duplicate of the source `amount`, with the old descriptor
    wake,      // `amount` wakes
    select     // with a buffer of `amount` events
};
inline constexpr std::size_t action_count = static_cast<std::size_t>(Action::select) + 1;

/// The thread of an operation: the one that calls select(); another one, while the first waits for it; another one
/// beside select(); or another one while the first sleeps in select(), if that has to report an event then.
enum class Thread { same, other, race, asleep };

/// The token of add() and modify(): one of the operation's own, or one that no watch may have.
enum class TokenKind { own, wake, reserved };

/// An Operation is a step of a sequence.
struct Operation {
    Action action;
    std::size_t source = 0;           // an index into the scene
    std::size_t amount = 0;           // of bytes, wakes or events; of dup: a source
    Ready interest = Ready::none;     // of add and modify, as are these:
    Mode mode = Mode::level;          //   may be no valid mode
    TokenKind token = TokenKind::own; //
    Thread thread = Thread::same;

    bool operator==(const Operation&) const = default;
};

inline bool is_registration(Action action) { return action <= Action::remove; }
inline bool has_watch(Action action) { return action == Action::add || action == Action::modify; }
inline bool has_source(Action action) { return action != Action::wake && action != Action::select; }
/// Whether another thread may run it beside select(): closing a source then is an error of the caller.
inline bool may_race(Action action) {
    return action != Action::select && (action < Action::reset || action == Action::wake);
}

using Sequence = std::vector<Operation>;

std::string text_of(const Operation& operation);
std::string text_of(const Sequence& sequence);

/// Parses the output of text_of(). Errors: std::invalid_argument with what was expected.
Sequence parse(const std::string& text);

} // namespace pollux::conformance::model
