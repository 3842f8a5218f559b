// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/plugin.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <poll.h>

namespace pollux::poll_fallback {

/// A Watches object is the table of watches, laid out for poll(2). It takes 36 bytes for a watch; add(), modify() and
/// remove() are O(1).
///
/// A watch that must not be reported (paused, spent, closed while registered) keeps its index, with its file descriptor
/// complemented: poll(2) ignores negative ones, which masks POLLHUP and POLLERR as well; there is no other way.
///
/// Some files report a change by POLLPRI once, to the first poll(2) after it: /proc/sys/kernel/hostname,
/// /proc/self/mounts, pressure triggers. Such a report is owed until it is collected or the watch is removed. Sockets
/// are not among them: they report out-of-band data for as long as it can be read.
///
/// Threads: none; the caller locks.
class Watches {
  public:
    std::error_code add(Source source, const Watch& watch);
    std::error_code modify(Source source, const Watch& watch);
    std::error_code remove(Source source) noexcept;

    /// Returns the argument of poll(2), which it fills in.
    std::vector<pollfd>& polled() noexcept { return polled_; }

    /// Returns how many watches were ever added. It distinguishes a watch that is older than a poll(2) from a later one
    /// of the same file descriptor.
    std::uint64_t added() const noexcept { return added_; }
    /// Keeps what poll(2) has reported once, for watches that were among the first `added` ones.
    void keep_owed(std::span<const pollfd> reported, std::uint64_t added) noexcept;
    /// Adds what is owed to the results of poll(2); returns how many more watches are ready.
    int add_owed() noexcept;

    /// Returns the Event of the watch at `index` after poll(2) reported it, and spends a one-shot watch. The Event has
    /// Ready::none if there is nothing to report.
    Event collect(std::size_t index) noexcept;

  private:
    struct Kept {
        Token token;
        std::uint64_t sequence; // among all that were added
        bool oneshot;
        bool reports_once;
        short owed = 0; // POLLPRI, and POLLERR that was reported with it
    };
    static constexpr std::uint32_t no_index = ~std::uint32_t{0};

    std::uint32_t index_of(Source source) const noexcept;

    std::vector<pollfd> polled_;       // the same indexes as in kept_
    std::vector<Kept> kept_;           // 24 bytes
    std::vector<std::uint32_t> index_; // by file descriptor
    std::uint64_t added_ = 0;
    std::size_t reporting_once_ = 0; // watches
};

} // namespace pollux::poll_fallback
