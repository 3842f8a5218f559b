// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace pollux::loop {

/// A Blocks object is an array that grows without moving its elements: in blocks, each twice as large as the one
/// before. So the table of blocks takes a few cache lines whatever the size, and adding an element touches no other.
template <typename T>
class Blocks {
  public:
    Blocks() = default;
    ~Blocks() {
        while (size_ != 0) std::destroy_at(&(*this)[--size_]);
        for (std::size_t block = 0; block < blocks_.size() && blocks_[block]; ++block)
            std::allocator<T>().deallocate(blocks_[block], size_of(block));
    }
    Blocks(const Blocks&) = delete;
    Blocks& operator=(const Blocks&) = delete;

    std::uint32_t size() const noexcept { return size_; }

    T& operator[](std::uint32_t index) noexcept { return *at(index); }

    /// Prefetches an element that is used soon.
    void prefetch(std::uint32_t index) noexcept {
#if defined(__GNUC__)
        __builtin_prefetch(at(index), 1);
#else
        static_cast<void>(index);
#endif
    }

    /// Errors: std::bad_alloc, or what the constructor throws; nothing has changed then.
    T& emplace_back(auto&&... arguments) {
        auto*& block = blocks_[block_of(size_)];
        if (!block) block = std::allocator<T>().allocate(size_of(block_of(size_)));
        auto* made = std::construct_at(at(size_), std::forward<decltype(arguments)>(arguments)...);
        ++size_;
        return *made;
    }

    static constexpr unsigned first_bits = 6; // the first block has 2^6 elements
    static constexpr std::size_t most_blocks = 33 - first_bits;

    static constexpr std::size_t size_of(std::size_t block) noexcept { return std::size_t{1} << (first_bits + block); }
    /// Returns the index of the block of an element.
    static constexpr std::size_t block_of(std::uint32_t index) noexcept {
        return static_cast<std::size_t>(std::bit_width(counted(index))) - 1 - first_bits;
    }

    /// Destroys the elements of this block, which is the last one, and frees it.
    void release_last(std::size_t block) noexcept {
        const auto begin = static_cast<std::uint32_t>(size_of(block) - size_of(0));
        while (size_ > begin) std::destroy_at(&(*this)[--size_]);
        if (blocks_[block]) std::allocator<T>().deallocate(std::exchange(blocks_[block], nullptr), size_of(block));
    }

  private:
    /// Counted from 2^6, the highest bit of an index is the size of its block.
    static constexpr std::uint64_t counted(std::uint32_t index) noexcept {
        return std::uint64_t{index} + (1U << first_bits);
    }
    T* at(std::uint32_t index) noexcept {
        return blocks_[block_of(index)] + (counted(index) ^ std::bit_floor(counted(index)));
    }

    std::array<T*, most_blocks> blocks_{};
    std::uint32_t size_ = 0;
};

} // namespace pollux::loop
