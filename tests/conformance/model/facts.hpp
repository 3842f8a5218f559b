// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "operation.hpp"

namespace pollux::conformance::model {

enum class Nature { local, pipe_reader, pipe_writer, directory };

/// What is true of one source, whoever watches it: what the operations so far have made of it.
struct Facts {
    Nature nature;
    bool is_open = true; // near is
    bool has_far = nature != Nature::directory;
    bool has_ended = false;  // far will send no more
    bool has_error = false;  // an error waits in near
    bool is_full = false;    // near has no room to write
    std::size_t to_read = 0; // bytes on their way to near
    std::size_t unread = 0;  // bytes on their way to far

    bool reads() const { return nature == Nature::local || nature == Nature::pipe_reader; }
    bool writes() const { return nature == Nature::local || nature == Nature::pipe_writer; }
    bool has_hung_up() const { return nature != Nature::directory && !has_far; }

    /// The promises that hold: what would not block.
    Ready promises() const;
    /// What may be said besides, asked for or not, as it ended or failed; nothing of a healthy source.
    Ready hints() const;

    /// Whether the operation makes sense; one that does not is passed over.
    bool allow(const Operation& operation) const;
};

} // namespace pollux::conformance::model
