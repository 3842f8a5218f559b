// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/deadline.hpp>
#include <pollux/loop_options.hpp>

#include <cstddef>
#include <optional>

namespace pollux::loop {

/// What a phase may still do in this turn.
class Budget {
  public:
    explicit Budget(const LoopOptions& options) : callbacks_(options.callbacks_per_phase) {
        if (options.time_per_phase > options.time_per_phase.zero()) end_.emplace(options.time_per_phase);
    }

    /// Looks at the clock if there is a limit of time.
    bool is_used_up() const noexcept {
        return callbacks_ == 0 || (begun_ && end_ && end_->left() == std::chrono::nanoseconds::zero());
    }
    void use() noexcept {
        --callbacks_;
        begun_ = true;
    }

  private:
    std::size_t callbacks_;
    bool begun_ = false; // one is called in any case
    std::optional<Deadline> end_;
};

} // namespace pollux::loop
