// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <utility>

namespace pollux {

/// A Callback is what the library of a CallbackSelector calls when a source is ready.
class Callback {
  public:
    /// Records conditions that hold now. May be called only inside Library::run(), any number of times.
    void operator()(Ready conditions) noexcept {
        if (!any(seen_) && any(conditions)) next_ = std::exchange(*called_, this);
        seen_ |= conditions;
    }

    Source source() const noexcept { return source_; }

  protected:
    /// `called`: the first of those that were called in this turn.
    Callback(Source source, Callback*& called) noexcept : source_(source), called_(&called) {}
    ~Callback() = default;
    Callback(const Callback&) = delete;
    Callback& operator=(const Callback&) = delete;

    /// Returns the conditions, and the next one that was called; forgets both.
    Ready collect(Callback*& next) noexcept {
        next = std::exchange(next_, nullptr);
        return std::exchange(seen_, Ready::none);
    }

  private:
    Source source_;
    Ready seen_ = Ready::none;
    Callback* next_ = nullptr;
    Callback** called_;
};

} // namespace pollux
