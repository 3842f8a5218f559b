// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "timers.hpp"

#include <pollux/loop_options.hpp>

#include <cstddef>
#include <cstdint>

namespace pollux::loop {

/// What a phase may still do in this turn.
class Budget {
  public:
    explicit Budget(const LoopOptions& options) noexcept : callbacks_(options.callbacks_per_phase) {
        if (options.time_per_phase > options.time_per_phase.zero()) end_ = after(options.time_per_phase);
    }

    /// Looks at the clock if there is a limit of time.
    bool is_used_up() const noexcept { return callbacks_ == 0 || (begun_ && end_ != 0 && steady_now() >= end_); }
    void use() noexcept {
        --callbacks_;
        begun_ = true;
    }

  private:
    std::size_t callbacks_;
    bool begun_ = false;    // one is called in any case
    std::uint64_t end_ = 0; // none
};

} // namespace pollux::loop
