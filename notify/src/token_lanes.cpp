// SPDX-License-Identifier: BSL-1.0
#include <pollux/notify/token_lanes.hpp>

namespace pollux::notify {

LaneSet::LaneSet(std::size_t capacity) : lanes_(capacity) {}

LaneSet::Lane& LaneSet::open() {
    auto* const lane = new Lane(is_closed() ? 0 : capacity());
    lanes_.add(*lane);
    return *lane;
}

void LaneSet::leave(Lane* lane) noexcept { LaneList<RealMemory>::leave(lane); }

std::size_t LaneSet::poll(std::span<Token> tokens) noexcept { return lanes_.poll(tokens); }

void LaneSet::close() noexcept { lanes_.close(); }

std::error_code LaneNotifier::refusal(Token token) const noexcept {
    const bool known = static_cast<std::uint64_t>(token) < lanes_->capacity();
    return make_error_code(known ? disconnected : std::errc::invalid_argument);
}

TokenLanes event_queue(std::size_t capacity, lanes_t) {
    auto set = std::make_shared<LaneSet>(capacity);
    return {LaneNotifier(set), LanePoller(set)};
}

} // namespace pollux::notify
