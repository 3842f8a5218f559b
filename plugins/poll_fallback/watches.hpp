// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/plugin.hpp>

#include <cstddef>
#include <vector>

#include <poll.h>

namespace pollux::poll_fallback {

/// The table of watches, laid out as poll(2) wants it. 28 bytes a watch; add, modify and remove are O(1).
///
/// A watch that must stay silent (paused, spent, closed behind our back) keeps its place with its descriptor
/// complemented: poll(2) ignores negative numbers, and that masks POLLHUP and POLLERR too, which nothing else does.
/// Threads: none; the caller locks.
class Watches {
  public:
    std::error_code add(Source source, const Watch& watch);
    std::error_code modify(Source source, const Watch& watch);
    std::error_code remove(Source source) noexcept;

    /// What poll(2) is given, and what it fills in.
    std::vector<pollfd>& polled() noexcept { return polled_; }

    /// The Event of the watch at `index` after poll(2) reported it; spends a one-shot watch. Ready::none when there
    /// is nothing to say.
    Event collect(std::size_t index) noexcept;

  private:
    struct Kept {
        Token token;
        bool oneshot;
    };
    static constexpr std::uint32_t nowhere = ~std::uint32_t{0};

    std::uint32_t place_of(Source source) const noexcept;

    std::vector<pollfd> polled_;       // the same places as in kept_
    std::vector<Kept> kept_;           // 16 bytes
    std::vector<std::uint32_t> place_; // by descriptor
};

} // namespace pollux::poll_fallback
