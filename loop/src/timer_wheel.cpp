// SPDX-License-Identifier: BSL-1.0
#include <pollux/timer_wheel.hpp>

namespace pollux {
namespace {

/// Merges two chains that are in order; of equal ones, those of the older chain come first. Only `next` is kept.
template <typename Before>
TimerLink* merged(TimerLink* older, TimerLink* newer, Before before) noexcept {
    TimerLink first;
    auto* last = &first;
    while (older != nullptr && newer != nullptr) {
        auto*& chain = before(newer, older) ? newer : older;
        last->next = chain;
        last = chain;
        chain = chain->next;
    }
    last->next = older != nullptr ? older : newer;
    return first.next;
}

/// Sorts a chain from its front: of the bins, the one of number n has 2^n links or none.
template <typename Before>
TimerLink* sorted(TimerLink* chain, Before before) noexcept {
    std::array<TimerLink*, std::numeric_limits<std::size_t>::digits> bins{};
    std::size_t used = 0;
    while (chain != nullptr) {
        auto* carried = chain;
        chain = chain->next;
        carried->next = nullptr;
        std::size_t bin = 0;
        for (; bins[bin] != nullptr; ++bin) {
            carried = merged(bins[bin], carried, before);
            bins[bin] = nullptr;
        }
        bins[bin] = carried;
        used = std::max(used, bin + 1);
    }
    for (std::size_t bin = 0; bin < used; ++bin) chain = merged(bins[bin], chain, before);
    return chain;
}

} // namespace

TimerWheel::TimerWheel(std::uint64_t now) noexcept : now_(now), tick_(now >> tick_bits) {
    for (auto& head : rings_) head.next = head.previous = &head;
}

TimerWheel::~TimerWheel() {
    for (std::size_t ring = 0; ring <= due_ring; ++ring) {
        for (auto* link = take(ring); link != nullptr;) {
            auto* const next = link->next;
            link->next = nullptr;
            link = next;
        }
    }
}

std::optional<TimerWheel::Slot> TimerWheel::first_slot() const noexcept {
    for (std::size_t level = 0; level < levels; ++level) {
        if (occupied_[level] == 0) continue;
        const auto slot = static_cast<std::size_t>(std::countr_zero(occupied_[level]));
        const auto width = level * slot_bits;
        const auto block = tick_ >> width >> slot_bits << slot_bits;
        return Slot{level, level * slots + slot, (block | slot) << width};
    }
    return std::nullopt;
}

/// Empties a ring: its links as a chain, of which only `next` is kept and the last one's is null.
TimerLink* TimerWheel::take(std::size_t ring) noexcept {
    auto& head = rings_[ring];
    if (head.next == &head) return nullptr;
    auto* const chain = head.next;
    head.previous->next = nullptr;
    head.next = head.previous = &head;
    leave_empty(&head);
    return chain;
}

void TimerWheel::spread(TimerLink* chain) noexcept {
    while (chain != nullptr) {
        auto& node = node_of(chain);
        chain = chain->next;
        if (chain != nullptr) prefetch(chain);
        link(node);
    }
}

void TimerWheel::make_due(TimerLink* chain) noexcept {
    const auto before = [](TimerLink* a, TimerLink* b) { return node_of(a).deadline_ < node_of(b).deadline_; };
    auto in_order = true;
    for (auto* link = chain; in_order && link->next != nullptr; link = link->next) {
        in_order = !before(link->next, link);
    }
    if (!in_order) chain = sorted(chain, before);
    while (chain != nullptr) {
        auto& node = node_of(chain);
        chain = chain->next;
        append(node, due_ring);
    }
}

/// In the slot of the tick that has begun, but has not ended, to the nanosecond.
void TimerWheel::expire_within_tick() noexcept {
    TimerLink due;
    auto* last = &due;
    auto* chain = take(tick_ % slots);
    earliest_ = never;
    while (chain != nullptr) {
        auto& node = node_of(chain);
        chain = chain->next;
        if (node.deadline_ > now_) {
            link(node);
        } else {
            last->next = &node;
            last = &node;
        }
    }
    last->next = nullptr;
    if (due.next != nullptr) make_due(due.next);
}

void TimerWheel::advance(std::uint64_t now) noexcept {
    now_ = std::max(now_, now);
    const auto target = now_ >> tick_bits;
    for (auto slot = first_slot(); slot && slot->start <= target; slot = first_slot()) {
        if (slot->level == 0 && slot->start == target) {
            if (tick_ == target && now_ < earliest_) return;
            tick_ = target;
            return expire_within_tick();
        }
        tick_ = slot->start;
        earliest_ = never;
        if (slot->level == 0) {
            make_due(take(slot->ring));
        } else {
            spread(take(slot->ring));
        }
    }
    if (tick_ == target) return;
    tick_ = target;
    earliest_ = never;
}

std::optional<std::uint64_t> TimerWheel::next_expiry() const noexcept {
    if (has_due()) return now_;
    const auto slot = first_slot();
    if (!slot) return std::nullopt;
    if (slot->level > 0) return slot->start << tick_bits;
    if (slot->start == tick_ && earliest_ <= now_) return now_;
    return (slot->start << tick_bits) | (tick - 1);
}

} // namespace pollux
