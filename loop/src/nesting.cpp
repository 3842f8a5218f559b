// SPDX-License-Identifier: BSL-1.0
// What a loop needs that holds a Loop.
#include "refusal.hpp"
#include "state.hpp"

#include <pollux/pollable_descriptor.hpp>

#include <algorithm>

namespace pollux::loop {

Source Loop::State::descriptor(std::error_code& error) const noexcept {
    error.clear();
    if (closed_) {
        error = make_error_code(std::errc::operation_canceled);
    } else if (!owner_.is_current()) {
        error = make_error_code(std::errc::no_such_process);
    } else if (auto* pollable = poll_->extension<PollableDescriptor>()) {
        return pollable->descriptor();
    } else {
        error = make_error_code(std::errc::operation_not_supported);
    }
    return static_cast<Source>(-1);
}

void Loop::State::prepare() {
    demand_own_process();
    // While events are left, the changes wait for them as they do in a turn.
    if (next_event_ == events_.size()) watches.submit_changes();
    if (timers.has_unscheduled()) timers.schedule_all(read_clock());
}

std::optional<std::chrono::steady_clock::time_point> Loop::State::next_deadline() const noexcept {
    using Time = std::chrono::steady_clock::time_point;
    if (has_work() || watches.has_changes() || timers.has_unscheduled()) return Time();
    const auto next = timers.next_deadline();
    if (!next) return std::nullopt;
    constexpr auto last = static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count());
    return Time(std::chrono::nanoseconds(std::min(*next, last)));
}

std::uint64_t Loop::State::read_clock() const noexcept { return loop::now_of(clock()); }

std::chrono::steady_clock::time_point Loop::State::now() const noexcept {
    return closed_ ? time::Clock().now() : clock().now();
}

Source Loop::descriptor() const {
    std::error_code error;
    const auto descriptor = state_->descriptor(error);
    if (!error) return descriptor;
    if (error != std::errc::operation_not_supported) throw std::system_error(error, "pollux::loop::Loop::descriptor()");
    throw std::system_error(error, "pollux::loop::Loop::descriptor(): " + loop::backend_of(state_->poll()) +
                                       " has no descriptor that other loops can wait for");
}

Source Loop::descriptor(std::error_code& error) const noexcept { return state_->descriptor(error); }

void Loop::prepare() {
    state_->require_thread("prepare()");
    if (!state_->is_closed()) state_->prepare();
}

std::optional<std::chrono::steady_clock::time_point> Loop::next_deadline() const noexcept {
    state_->require_thread("next_deadline()");
    return state_->is_closed() ? std::nullopt : state_->next_deadline();
}

} // namespace pollux::loop
