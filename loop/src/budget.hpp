// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "timers.hpp"

#include <pollux/loop/loop_options.hpp>

#include <cstddef>
#include <cstdint>

namespace pollux::loop {

/// A Budget counts the callbacks that a phase may still call in this turn, and limits its time. `now` reads the clock:
/// a callable, so that a turn without a limit of time keeps nothing for it.
class Budget {
  public:
    Budget(const LoopOptions& options, const auto& now) noexcept : callbacks_(options.callbacks_per_phase) {
        if (options.time_per_phase > options.time_per_phase.zero()) end_ = after(now(), options.time_per_phase);
    }

    /// Reads the clock if there is a limit of time.
    bool is_used_up(const auto& now) const noexcept {
        return callbacks_ == 0 || (begun_ && end_ != 0 && now() >= end_);
    }
    void use() noexcept {
        --callbacks_;
        begun_ = true;
    }

  private:
    std::size_t callbacks_;
    bool begun_ = false;    // at least one callback is called
    std::uint64_t end_ = 0; // 0: no limit
};

} // namespace pollux::loop
