// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/loop/callback.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace pollux::loop {

using Functions = std::vector<Callback<void()>>;

/// The capacity that an empty vector of functions may keep although it was not needed lately.
inline constexpr std::size_t always_kept = 4096;

/// A CallQueue is a queue of functions that are called in order. The vector is freed when it is far larger than was
/// needed lately, so that the memory of a flood is freed; steady use allocates nothing.
class CallQueue {
  public:
    bool empty() const noexcept { return left_ == 0; }
    std::size_t size() const noexcept { return left_; }
    /// Fills an empty queue: `put` receives an empty vector, and puts the functions there.
    void fill(auto&& put) noexcept {
        put(functions_);
        left_ = functions_.size();
    }
    Callback<void()> pop() noexcept {
        auto function = std::move(functions_[functions_.size() - left_]);
        if (--left_ == 0) finish();
        return function;
    }
    /// Frees memory when the Loop had nothing to do for a while. Returns false if further calls would free none.
    bool decay() noexcept {
        if (recent_ <= always_kept / 4) return false;
        recent_ -= recent_ / 4;
        if (empty()) trim();
        return true;
    }
    /// Destroys the functions, whose destructors may call this again.
    void clear() noexcept {
        left_ = 0;
        Functions().swap(functions_);
    }

  private:
    /// Frees the functions, all of which were moved from.
    void finish() noexcept {
        const auto size = functions_.size();
        recent_ = recent_ - recent_ / 4 + size / 4;
        functions_.clear();
        trim();
    }
    void trim() noexcept {
        if (functions_.capacity() > std::max(always_kept, 8 * recent_)) Functions().swap(functions_);
    }

    Functions functions_;
    std::size_t left_ = 0;
    std::size_t recent_ = 0; // the mean of the last sizes, each weighted a quarter less than the next
};

} // namespace pollux::loop
