// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pollux {

/// Support states how a backend provides an ability: not at all, by means of its own on top of the system's, or as the
/// system provides it.
enum class Support : std::uint8_t { unsupported, emulated, native };

/// A Capability is one ability of a backend. `reason` states in one sentence why it is less than native; `pollux list`
/// and the report of the conformance suite print it. It is one line of UTF-8, of at most 300 bytes, and may be empty
/// for what is native only.                                                              [capabilities.reasons]
/// It lives as long as the program.
struct Capability {
    Support support = Support::unsupported;
    const char* reason = "";

    constexpr explicit operator bool() const noexcept { return support != Support::unsupported; }
};

/// Capabilities state what a Selector can do on this system. The conformance suite checks each of them: what is native
/// or emulated must keep the rules, and what is unsupported must be refused with the documented error.
///
/// Later versions of the interface append members. A program reads those of a plugin through copy_of(), which sets
/// members that an older plugin lacks to their defaults.
struct Capabilities {
    std::uint32_t size = sizeof(Capabilities); ///< of the structure that the plugin was built with, in bytes
    // At least one mode and one kind of sources is offered.                          [capabilities.offers_something]
    // Modes. An emulated edge mode need not keep two rules:                         [edge.new_data] [edge.partial_read]
    Capability oneshot;
    Capability level;
    Capability edge;
    // Kinds of sources.
    Capability sockets;
    Capability pipes; // and terminals and other character devices that can be waited for
    /// Regular files and directories. Where they are supported, they are always ready,  [add.regular_file]
    /// even if they are added while another thread sleeps in select(),                  [files.while_asleep]
    /// and they take turns with other sources and wakes.                                [files.fair]
    /// Any number of threads may change such watches while another one is in select().  [files.churn]
    Capability files;
    /// Ready::priority of sockets. Some files report a change by it once, such as those of
    /// /proc/sys and /proc/self/mounts: such a file is reported after each change, or it is
    /// refused: with operation_not_supported, or with operation_not_permitted where files
    /// are unsupported.                                                                 [priority.once]
    Capability priority;
    /// On an idle machine select() is late by at most this, or a hundredth of a longer wait. [timeout.resolution]
    /// It is more than zero, and at most 100 ms.                                        [capabilities.resolution]
    std::chrono::nanoseconds timeout_resolution{0};

    // Freedoms that a backend may lack if it is made of a library with limits of its own. They were appended to version
    // 2 of the interface: a plugin that was built before has all of them.
    /// add(), modify() and remove() by any thread. If unsupported, they return
    /// operation_not_supported in a thread other than the one that called select() last,
    /// or opened the Selector if none did. Any thread may call wake().                  [threads.concurrent_changes]
    Capability any_thread{Support::native};
    /// Sources of every number that the system gives. If unsupported, add() of a source
    /// above `highest_source` returns operation_not_supported.                          [scale.many_sources]
    Capability any_number{Support::native};
    std::uint64_t highest_source = ~std::uint64_t{0};
    /// Sources keep their flags. If unsupported, add() may set O_NONBLOCK. [add.does_not_change_the_source]
    Capability unchanged_sources{Support::native};
    /// A source that is closed while registered harms no other watch. If unsupported, it
    /// has to stay open until remove() has returned.                                    [close.while_registered]
    Capability closed_sources{Support::native};
};

/// A NamedCapability is a member of Capabilities with its name, for programs that list them.
struct NamedCapability {
    const char* name;
    Capability Capabilities::*member;
};

/// All of them: modes, kinds of sources, and what a backend rarely lacks.
inline constexpr NamedCapability named_capabilities[] = {
    {"oneshot", &Capabilities::oneshot},
    {"level", &Capabilities::level},
    {"edge", &Capabilities::edge},
    {"sockets", &Capabilities::sockets},
    {"pipes", &Capabilities::pipes},
    {"files", &Capabilities::files},
    {"priority", &Capabilities::priority},
    {"any_thread", &Capabilities::any_thread},
    {"any_number", &Capabilities::any_number},
    {"unchanged_sources", &Capabilities::unchanged_sources},
    {"closed_sources", &Capabilities::closed_sources},
};

/// Returns a copy of `capabilities`, which are of a plugin that may be older or newer than this header.
// Always inlined: the dynamic linker must not give a plugin the function of a program whose Capabilities have more
// members.
[[gnu::always_inline]] inline Capabilities copy_of(const Capabilities& capabilities) noexcept {
    Capabilities copy;
    std::memcpy(&copy, &capabilities, std::min<std::size_t>(capabilities.size, sizeof copy));
    copy.size = sizeof copy;
    return copy;
}

} // namespace pollux
