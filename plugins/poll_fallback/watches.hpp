// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/plugin.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <poll.h>

namespace pollux::poll_fallback {

/// The table of watches, laid out as poll(2) wants it. 36 bytes a watch; add, modify and remove are O(1).
///
/// A watch that must stay silent (paused, spent, closed while registered) keeps its place with its descriptor
/// complemented: poll(2) ignores negative numbers, and that masks POLLHUP and POLLERR too, which nothing else does.
///
/// Some files report a change by POLLPRI once, to the first poll(2) behind it: /proc/sys/kernel/hostname,
/// /proc/self/mounts, pressure triggers. Such a report is owed until it is collected or the watch is removed. Sockets
/// are not among them: they report out-of-band data for as long as it can be read.
/// Threads: none; the caller locks.
class Watches {
  public:
    std::error_code add(Source source, const Watch& watch);
    std::error_code modify(Source source, const Watch& watch);
    std::error_code remove(Source source) noexcept;

    /// What poll(2) is given, and what it fills in.
    std::vector<pollfd>& polled() noexcept { return polled_; }

    /// How many watches were ever added: tells a watch that is older than a poll(2) from one of the same descriptor.
    std::uint64_t added() const noexcept { return added_; }
    /// Keeps what poll(2) reported once, to watches that are no younger than that.
    void keep_owed(std::span<const pollfd> reported, std::uint64_t added) noexcept;
    /// Adds what is owed to what poll(2) has filled in; returns how many more watches have something to report.
    int add_owed() noexcept;

    /// The Event of the watch at `index` after poll(2) reported it; spends a one-shot watch. Ready::none when there
    /// is nothing to say.
    Event collect(std::size_t index) noexcept;

  private:
    struct Kept {
        Token token;
        std::uint64_t number; // of all that were added
        bool oneshot;
        bool reports_once;
        short owed = 0; // POLLPRI and what came with it
    };
    static constexpr std::uint32_t nowhere = ~std::uint32_t{0};

    std::uint32_t place_of(Source source) const noexcept;

    std::vector<pollfd> polled_;       // the same places as in kept_
    std::vector<Kept> kept_;           // 24 bytes
    std::vector<std::uint32_t> place_; // by descriptor
    std::uint64_t added_ = 0;
    std::size_t reporting_once_ = 0; // watches
    std::size_t owed_ = 0;           // watches
};

} // namespace pollux::poll_fallback
