// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>

namespace pollux {

/// How a backend does a thing: not at all, by means of its own on top of the system's, or as the system does it.
enum class Support : std::uint8_t { unsupported, emulated, native };

/// One ability of a backend. `reason` says in one sentence why it is less than native: people read it in
/// `pollux list` and in the conformance suite's report. It lives as long as the program.
struct Capability {
    Support support = Support::unsupported;
    const char* reason = "";

    constexpr explicit operator bool() const noexcept { return support != Support::unsupported; }
};

/// What a backend can do on this system. The conformance suite holds it to each word: what is native or emulated
/// must keep the rules, and what is unsupported must be refused with the documented error.
struct Capabilities {
    // Modes. Emulated edge need not keep [edge.new_data] and [edge.partial_read].
    Capability oneshot;
    Capability level;
    Capability edge;
    // Kinds of source.
    Capability sockets;
    Capability pipes; // also terminals and other character devices that can be waited for
    /// Regular files and directories: always ready where supported [add.regular_file], also when they are added while
    /// another thread sleeps in select() [files.while_asleep], and in turn with other sources and wakes [files.fair].
    /// Changes of such watches may meet each other and a select() in any number of threads [files.churn].
    Capability files;
    /// Ready::priority, of sockets. A file that reports a change by it once, as those of /proc/sys and
    /// /proc/self/mounts do, is reported after each change, or refused: with operation_not_supported, or as a file
    /// [priority.once].
    Capability priority;
    /// select() is late by no more than this on an idle machine [timeout.resolution]; more than zero.
    std::chrono::nanoseconds timeout_resolution{0};
};

} // namespace pollux
