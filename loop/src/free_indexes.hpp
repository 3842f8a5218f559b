// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "blocks.hpp"
#include "cold_data.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace pollux::loop {

/// A FreeIndexes object lists the free indexes of a table in Blocks, by block: the lowest block with a free index is
/// used first, so that the highest ones become empty and can be freed when a flood is over.
struct FreeIndexes {
    static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
    using Table = Blocks<ColdData>;

    std::uint64_t lowest() const noexcept {
        return any == 0 ? none : first[static_cast<std::size_t>(std::countr_zero(any))];
    }
    /// Takes lowest(), which `next` follows in the list of its block.
    void take_lowest(std::uint64_t next) noexcept {
        const auto block = static_cast<std::size_t>(std::countr_zero(any));
        first[block] = next;
        if (next == none) any &= any - 1;
        ++used[block];
    }
    void use_new(std::uint32_t index) noexcept { ++used[Table::block_of(index)]; }
    /// Returns the index that follows `index` in the list from now on.
    std::uint64_t free(std::uint32_t index) noexcept {
        const auto block = Table::block_of(index);
        --used[block];
        any |= std::uint32_t{1} << block;
        return std::exchange(first[block], index);
    }
    /// Returns whether a block and the one below are unused: then at most a quarter of the table is in use.
    bool is_excess(std::size_t block) const noexcept {
        constexpr std::size_t kept = 8; // blocks: 16,320 timers, a megabyte and a half
        return block >= kept && used[block] == 0 && used[block - 1] == 0;
    }
    void forget(std::size_t block) noexcept {
        first[block] = none;
        any &= ~(std::uint32_t{1} << block);
    }

    std::uint32_t any = 0;                                            // a bit for each block that has a free index
    std::array<std::uint64_t, Table::most_blocks> first = all_none(); // of the list of each block
    std::array<std::uint32_t, Table::most_blocks> used{};

  private:
    static constexpr std::array<std::uint64_t, Table::most_blocks> all_none() noexcept {
        std::array<std::uint64_t, Table::most_blocks> all{};
        all.fill(none);
        return all;
    }
};

} // namespace pollux::loop
