// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/registrator.hpp>
#include <pollux/selector.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>

namespace pollux::conformance {

/// A Call is one call of a Selector that a rule made through its base class, with its result.
struct Call {
    enum class Kind { add, modify, remove, wake, select };
    Kind kind = Kind::wake;
    Source source = {};                  // of add, modify and remove
    Watch watch = {};                    // of add and modify
    Timeout timeout = {};                // of select
    std::size_t capacity = 0, count = 0; // of select: of its buffer, and events
    std::array<Event, 3> events = {};    // of select: the first ones
    std::error_code error = {};          // of std::generic_category(), or of another that stays loaded
    std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now(), ended = {}; // set by CallLog::add()

    /// Takes the events that select() returned.
    void take(std::span<const Event> seen) noexcept {
        count = seen.size();
        std::copy_n(seen.begin(), std::min(count, events.size()), events.begin());
    }
};

/// A CallLog keeps the last calls of a rule, so that a failure can list them. It does not allocate.
///
/// Threads:   any. A call is left out if another thread uses the log at that moment, so that calls stay non-blocking.
/// Processes: it may be in memory that processes share; one of them may end at any time.
class CallLog {
  public:
    /// Adds a call that has just returned.
    void add(const Call& call) noexcept;
    /// Returns a line for each of the last calls, the oldest first: how long before `now`; the call; its result.
    std::string text(std::chrono::steady_clock::time_point now) const;
    /// Returns how long the last select() took, as "select() took 10.1 ms"; empty if there was none.
    std::string last_select() const;

  private:
    static constexpr std::size_t most = 10;
    struct Copy {
        std::array<Call, most> calls;
        std::size_t count;
    };
    Copy copy() const;

    mutable std::atomic_flag is_used_ = ATOMIC_FLAG_INIT;
    std::array<Call, most> calls_ = {};
    std::size_t count_ = 0; // of all calls
};

} // namespace pollux::conformance
