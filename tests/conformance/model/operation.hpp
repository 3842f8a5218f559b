// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cstddef>
#include <string>
#include <vector>

/// What sequences are made of, and how they are written down: "add 0 r level; write 0 1; select 64".
namespace pollux::conformance::model {

/// How many sources there are.
inline constexpr std::size_t source_count = 5;

/// "near" is the end that is watched, "far" the other one.
enum class Action {
    add,       // watches a source
    modify,    // changes its watch
    remove,    // ends it
    write,     // far writes so many bytes
    read,      // near reads so many bytes at most
    send,      // near writes a byte
    fill,      // near writes until there is no room
    drain,     // far reads all
    shut_down, // far shuts down writing
    hang_up,   // far is closed
    close,     // near is closed, watched or not
    reopen,    // near is a new source under the old number
    wake,      // so many wakes, by another thread
    select     // with a buffer of so many events
};

struct Operation {
    Action action;
    std::size_t source = 0;           // which one: a place in the scene
    std::size_t amount = 0;           // of bytes, wakes or events
    Ready interest = Ready::none;     // of add and modify, as are these:
    Mode mode = Mode::level;          //   may be none at all
    bool asks_for_wake_token = false; // the token that no watch may have, instead of one of its own

    bool operator==(const Operation&) const = default;
};

using Sequence = std::vector<Operation>;

std::string text_of(const Operation& operation);
std::string text_of(const Sequence& sequence);

/// Reads what text_of() wrote. Errors: std::invalid_argument says what was expected.
Sequence parse(const std::string& text);

} // namespace pollux::conformance::model
