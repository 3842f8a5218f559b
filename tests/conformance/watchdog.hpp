// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::conformance {

/// While it lives, a thread waits; when it has waited too long, it says which rule hangs, and ends the process with
/// status 3: nothing gentler is safe when a thread is stuck in somebody's code.
class Watchdog {
  public:
    explicit Watchdog(std::string watched);
    ~Watchdog();
    /// What is watched has ended, and the next begins. Wakes no thread, so that it costs next to nothing.
    void next(std::string watched);
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
};

} // namespace pollux::conformance
