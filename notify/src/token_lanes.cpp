// SPDX-License-Identifier: BSL-1.0
#include <pollux/notify/token_lanes.hpp>

namespace pollux::notify {

LaneSet::LaneSet(std::size_t capacity) : capacity_(TokenRing<RealMemory>::checked(capacity)), seen_(capacity) {}

LaneSet::Lane& LaneSet::open() {
    auto* const lane = new Lane(is_closed() ? 0 : capacity());
    do {
        if (lane->next == end()) {
            lane->abandoned.store(true, std::memory_order_relaxed);
            break;
        }
    } while (!opened_.compare_exchange_weak(lane->next, lane, std::memory_order_release, std::memory_order_relaxed));
    return *lane;
}

void LaneSet::leave(Lane* lane) noexcept {
    if (lane->abandoned.exchange(true, std::memory_order_acq_rel)) delete lane;
}

void LaneSet::close() noexcept {
    closed_.store(true, std::memory_order_relaxed);
    for (auto* lane = opened_.exchange(end(), std::memory_order_acquire); lane;) leave(std::exchange(lane, lane->next));
    while (last_) leave(unlink_next());
    std::vector<std::uint64_t>().swap(seen_);
}

void LaneSet::adopt() noexcept {
    if (!opened_.load(std::memory_order_relaxed)) return;
    for (auto* lane = opened_.exchange(nullptr, std::memory_order_acquire); lane;) {
        auto* const next = lane->next;
        lane->next = last_ ? std::exchange(last_->next, lane) : lane;
        last_ = lane;
        ++count_;
        lane = next;
    }
}

LaneSet::Lane* LaneSet::unlink_next() noexcept {
    auto* const lane = last_->next;
    last_->next = lane->next;
    if (lane == last_) last_ = nullptr;
    --count_;
    return lane;
}

void LaneSet::remove_next() noexcept { delete unlink_next(); }

std::size_t LaneSet::poll(std::span<Token> tokens) noexcept {
    adopt();
    ++poll_;
    std::size_t size = 0;
    bool taken = false;
    const auto want = [&](std::size_t index) {
        if (seen_[index] == poll_) return true; // from another lane
        if (size == tokens.size()) return false;
        seen_[index] = poll_;
        tokens[size++] = Token{index};
        return true;
    };
    for (auto turns = count_; turns != 0 && size < tokens.size(); --turns) {
        auto& lane = *last_->next;
        // Loaded before the tokens: all that a destroyed LaneNotifier queued is visible then.
        const bool abandoned = lane.abandoned.load(std::memory_order_acquire);
        taken |= lane.tokens.take(want);
        if (abandoned && size < tokens.size()) {
            remove_next();
        } else {
            last_ = &lane;
        }
    }
    if (taken) RealMemory::full_fence();
    return size;
}

std::error_code LaneNotifier::refusal(Token token) const noexcept {
    const bool known = static_cast<std::uint64_t>(token) < lanes_->capacity();
    return make_error_code(known ? disconnected : std::errc::invalid_argument);
}

TokenLanes event_queue(std::size_t capacity, lanes_t) {
    auto set = std::make_shared<LaneSet>(capacity);
    return {LaneNotifier(set), LanePoller(set)};
}

} // namespace pollux::notify
