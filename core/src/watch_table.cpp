// SPDX-License-Identifier: BSL-1.0
#include "watch_table.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>

namespace pollux {

/// Yields, and sleeps after 64 tries: the lock's owner may be a thread of lower priority, which yielding does not run.
void WatchTable::Entry::give_way(int tries) noexcept {
    if (tries < 64) {
        std::this_thread::yield();
    } else {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

WatchTable::~WatchTable() {
    for (auto& block : blocks_) std::free(block.load(std::memory_order_relaxed));
}

WatchTable::Entry* WatchTable::find_or_make(Source source) noexcept {
    if (auto* const entry = find(source)) return entry;
    const auto counted = counted_of(source);
    if (counted > last) return nullptr;
    auto& block = blocks_[block_of(counted)];
    // The system zeroes a large block page by page, when a page is used: a high file descriptor costs little.
    auto* const made = static_cast<Entry*>(std::calloc(size_of(block_of(counted)), sizeof(Entry)));
    if (!made) return nullptr;
    Entry* expected = nullptr;
    const bool is_first = block.compare_exchange_strong(expected, made, std::memory_order_acq_rel);
    if (!is_first) std::free(made);
    return (is_first ? made : expected) + offset_of(counted);
}

} // namespace pollux
