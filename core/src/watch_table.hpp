// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace pollux {

/// A WatchTable holds the watches of a Poll, by source, for reopen() to add to a new Selector. It takes 16 bytes for
/// each file descriptor up to the highest one that was added, in zeroed blocks, of which only used pages take memory.
///
/// Threads: any. The lock of an Entry serialises the calls for its source, so that table and Selector have them in the
///          same order.
class WatchTable {
  public:
    /// An Entry holds the watch of one source, or none. All zero is an Entry that is free and unlocked.
    class Entry {
      public:
        /// Locks out other calls for the source. The lock is held during a call of the Registrator, which does not
        /// sleep.
        void lock() noexcept {
            for (int tries = 0; (state_.fetch_or(locked, std::memory_order_acquire) & locked) != 0; ++tries) {
                give_way(tries);
            }
        }
        // Only the owner of the lock calls these; each releases it.
        void unlock() noexcept {
            state_.store(state_.load(std::memory_order_relaxed) & ~locked, std::memory_order_release);
        }
        void unlock_with(const Watch& watch) noexcept {
            token_.store(static_cast<std::uint64_t>(watch.token), std::memory_order_relaxed);
            state_.store(used | static_cast<std::uint32_t>(watch.interest) << 16 |
                             static_cast<std::uint32_t>(watch.mode) << 8,
                         std::memory_order_release);
        }
        void unlock_free() noexcept { state_.store(0, std::memory_order_release); }

        /// In a forked child, where the thread that held the lock does not exist.
        void break_lock() noexcept { unlock(); }

        // Whether reopen() found the source closed. A change of the watch meanwhile, which found it open, clears this.
        void set_closed(bool is_closed) noexcept {
            if (is_closed) {
                state_.fetch_or(found_closed, std::memory_order_relaxed);
            } else {
                state_.fetch_and(~found_closed, std::memory_order_relaxed);
            }
        }
        bool is_closed() const noexcept { return (state_.load(std::memory_order_relaxed) & found_closed) != 0; }

        std::optional<Watch> watch() const noexcept {
            const auto state = state_.load(std::memory_order_relaxed);
            if ((state & used) == 0) return std::nullopt;
            return Watch{Token{token_.load(std::memory_order_relaxed)}, Ready(static_cast<std::uint8_t>(state >> 16)),
                         Mode(static_cast<std::uint8_t>(state >> 8))};
        }

      private:
        static constexpr std::uint32_t locked = 1, used = 2, found_closed = 4;
        static void give_way(int tries) noexcept;

        std::atomic<std::uint64_t> token_;
        std::atomic<std::uint32_t> state_;
    };

    WatchTable() = default;
    ~WatchTable();
    WatchTable(const WatchTable&) = delete;
    WatchTable& operator=(const WatchTable&) = delete;

    /// Returns null if the source has no Entry yet, so it has no watch.
    Entry* find(Source source) noexcept {
        const auto counted = counted_of(source);
        if (counted > last) return nullptr;
        auto* const block = blocks_[block_of(counted)].load(std::memory_order_acquire);
        return block ? block + offset_of(counted) : nullptr;
    }
    /// Returns whether the Entry of the source needs a megabyte at most, so that memory for it is taken even before the
    /// Selector has accepted the source, which may be no open file descriptor at all.
    static bool is_low(Source source) noexcept { return counted_of(source) < (1U << 16); }
    /// Returns null if there is no memory, or no source can have this value.
    Entry* find_or_make(Source source) noexcept;

    /// Calls `visit` with each source that may have a watch, and its Entry, while no other thread uses the table, until
    /// it returns an error; returns that.
    std::error_code visit_all(auto&& visit) {
        for (std::size_t block = 0; block < blocks_.size(); ++block) {
            auto* const entries = blocks_[block].load(std::memory_order_acquire);
            for (std::size_t i = 0; entries && i < size_of(block); ++i) {
                if (const auto error = visit(source_of(size_of(block) + i), entries[i])) return error;
            }
        }
        return {};
    }

  private:
    static constexpr unsigned first_bits = 6; // the first block has 2^6 Entries, each other one twice the one before
    static constexpr std::uint64_t last = (std::uint64_t{1} << 31) + (1U << first_bits) - 1;
#ifdef _WIN32
    static constexpr unsigned shift = 2; // handles are multiples of 4
#else
    static constexpr unsigned shift = 0;
#endif

    static constexpr std::size_t size_of(std::size_t block) noexcept { return std::size_t{1} << (first_bits + block); }
    /// Counted from 2^6, a source has the size of its block as its highest bit. A negative one is above `last`.
    static constexpr std::uint64_t counted_of(Source source) noexcept {
        const auto index = static_cast<std::uint64_t>(source) >> shift;
        return index > last ? index : index + (1U << first_bits);
    }
    static Source source_of(std::uint64_t counted) noexcept {
        return static_cast<Source>((counted - (1U << first_bits)) << shift);
    }
    static std::size_t block_of(std::uint64_t counted) noexcept {
        return static_cast<std::size_t>(std::bit_width(counted)) - 1 - first_bits;
    }
    static std::size_t offset_of(std::uint64_t counted) noexcept {
        return static_cast<std::size_t>(counted ^ std::bit_floor(counted));
    }

    std::array<std::atomic<Entry*>, 32 - first_bits + 1> blocks_{};
};

} // namespace pollux
