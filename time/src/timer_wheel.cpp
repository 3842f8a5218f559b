// SPDX-License-Identifier: BSL-1.0
#include <pollux/time/timer_wheel.hpp>

namespace pollux::time {
namespace {

/// Merges two sorted chains; of equal nodes, those of the older chain come first. Only `next` stays valid.
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

/// Sorts a chain by merging bins: bin n has 2^n links or none.
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
        for (auto* link = take(ring).first; link != nullptr;) {
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

/// Empties a ring.
TimerWheel::Chain TimerWheel::take(std::size_t ring) noexcept {
    auto& head = rings_[ring];
    if (head.next == &head) return {nullptr, nullptr};
    const Chain chain{head.next, head.previous};
    chain.last->next = nullptr;
    head.next = head.previous = &head;
    leave_empty(&head);
    return chain;
}

/// Places each timer of a chain on a lower level. Most of many timers are in no cache, and only a timer that is loaded
/// has the address of the next. So a second walk goes from the end towards the first, only to load the timers: two
/// loads are under way at a time.
void TimerWheel::cascade(Chain chain) noexcept {
    auto* ahead = chain.last;
    for (auto* link = chain.first; link != nullptr;) {
        auto& node = node_of(link);
        link = link->next;
        if (ahead != nullptr) ahead = ahead == link || ahead == &node ? nullptr : ahead->previous;
        place(node);
    }
}

/// Sorts a short chain in an array, which stays in the first-level cache. Returns false, and does nothing, if the chain
/// is longer.
bool TimerWheel::make_few_due(TimerLink* chain) noexcept {
    struct Entry {
        std::uint64_t deadline;
        TimerLink* link;
    };
    constexpr std::size_t few = 32; // so many are sorted in less time than they cascade
    std::array<Entry, few> entries;
    std::size_t count = 0;
    for (auto* link = chain; link != nullptr; link = link->next) {
        if (count == few) return false;
        const auto deadline = node_of(link).deadline_;
        auto at = count++;
        for (; at > 0 && deadline < entries[at - 1].deadline; --at) entries[at] = entries[at - 1];
        entries[at] = {deadline, link};
    }
    for (std::size_t at = 0; at < count; ++at) append(node_of(entries[at].link), due_ring);
    return true;
}

void TimerWheel::make_due(TimerLink* chain) noexcept {
    if (make_few_due(chain)) return;
    const auto before = [](TimerLink* a, TimerLink* b) { return node_of(a).deadline_ < node_of(b).deadline_; };
    chain = sorted(chain, before);
    while (chain != nullptr) {
        auto& node = node_of(chain);
        chain = chain->next;
        append(node, due_ring);
    }
}

/// Makes the timers due, to the nanosecond, of the slot whose tick has begun and not ended.
void TimerWheel::expire_within_tick() noexcept {
    TimerLink due;
    auto* last = &due;
    auto* chain = take(tick_ % slots).first;
    earliest_ = never;
    while (chain != nullptr) {
        auto& node = node_of(chain);
        chain = chain->next;
        if (node.deadline_ > now_) {
            place(node);
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
        const auto chain = take(slot->ring);
        const auto is_over = slot->start + (std::uint64_t{1} << slot->level * slot_bits) <= target;
        if (slot->level == 0) {
            make_due(chain.first);
        } else if (!is_over || !make_few_due(chain.first)) {
            cascade(chain);
        }
    }
    tick_ = target;
    earliest_ = never; // its slot is empty, or the loop would not have ended
}

std::optional<std::uint64_t> TimerWheel::next_expiry() const noexcept {
    if (has_due()) return now_;
    const auto slot = first_slot();
    if (!slot) return std::nullopt;
    if (slot->level > 0) return slot->start << tick_bits;
    if (slot->start == tick_ && earliest_ <= now_) return now_;
    return (slot->start << tick_bits) | (tick - 1);
}

std::optional<std::uint64_t> TimerWheel::next_deadline() const noexcept {
    const auto slot = first_slot();
    if (has_due() || !slot || slot->level == 0) return next_expiry();
    const auto earliest = earliest_of(*slot);
    return earliest ? *earliest | (tick - 1) : next_expiry();
}

std::optional<std::uint64_t> TimerWheel::next_exact_deadline() const noexcept {
    const auto slot = first_slot();
    if (has_due() || !slot) return next_expiry();
    const auto earliest = earliest_of(*slot);
    return earliest ? std::max(*earliest, now_) : next_expiry();
}

/// Returns the earliest deadline of a slot; none if more timers are in it than it is worth to visit before it cascades.
std::optional<std::uint64_t> TimerWheel::earliest_of(const Slot& slot) const noexcept {
    constexpr std::size_t most = 16;
    std::size_t seen = 0;
    auto earliest = never;
    const auto& head = rings_[slot.ring];
    for (auto* link = head.next; link != &head; link = link->next) {
        if (++seen > most && slot.level > 0) return std::nullopt;
        earliest = std::min(earliest, node_of(link).deadline_);
    }
    return earliest;
}

} // namespace pollux::time
