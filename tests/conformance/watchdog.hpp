// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>

namespace pollux::conformance {

/// A Watchdog limits the time without progress: a thread prints the name of a rule that hangs, and ends the process
/// with status 3. No other way is safe when a thread is stuck in a backend.
class Watchdog {
  public:
    explicit Watchdog(std::string watched);
    ~Watchdog();
    /// What is watched has ended, and the next begins. Wakes no thread, so that it costs next to nothing.
    void next(std::string watched);
    /// What is watched goes on, with this operation, counted from 1, on this subject, counted from 1. A hang is
    /// reported with the last ones. Costs a store.
    static void note_progress(std::size_t operation, std::size_t subject) noexcept;
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
};

} // namespace pollux::conformance
