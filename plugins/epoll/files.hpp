// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/mutex.hpp>
#include <pollux/plugin.hpp>

#include <atomic>
#include <map>

namespace pollux::epoll {

/// A Files object holds the watches that epoll_ctl(2) refuses with EPERM: those of regular files, directories, and
/// devices without a poll operation, all of which poll(2) reports as always ready.
///
/// One eventfd(2) in the epoll set represents all of them: it is level-triggered and always readable while any of them
/// is to be reported, so it ends a sleeping epoll_wait(2) and takes turns with other sources. It is opened with the
/// first watch; a Selector without files has neither the file descriptor nor any other cost.
///
/// Threads: any.
class Files {
  public:
    /// The token of the eventfd in the epoll set.
    static constexpr Token token{static_cast<std::uint64_t>(wake_token) - 2};

    Files() = default;
    ~Files();
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;

    /// The calls of Registrator, for a source that epoll_ctl(2) has refused.
    std::error_code add(int epoll, Source source, const Watch& watch) noexcept;
    std::error_code modify(int epoll, Source source, const Watch& watch) noexcept;
    std::error_code remove(int epoll, Source source) noexcept;

    /// Returns whether there are any watches, without a lock: for callers that need the lock only if there are.
    bool has_any() const noexcept { return count_.load(std::memory_order_relaxed) != 0; }

    /// Reports the watches in turn, at most as many as `buffer` holds; returns how many. Call it when the eventfd was
    /// reported.
    std::size_t collect(int epoll, std::span<Event> buffer, std::error_code& error) noexcept;

  private:
    struct File {
        Watch watch;
        bool armed = false; // to be reported; false when paused or spent
    };
    using Table = std::map<Source, File>;

    std::error_code put(int epoll, File& file, const Watch& watch) noexcept POLLUX_REQUIRES(mutex_);
    bool collect_one(Table::value_type& entry, Event& event) noexcept POLLUX_REQUIRES(mutex_);
    std::error_code open(int epoll) noexcept POLLUX_REQUIRES(mutex_);
    std::error_code arm(int epoll, bool on) noexcept POLLUX_REQUIRES(mutex_);

    Mutex mutex_;
    Table table_ POLLUX_GUARDED_BY(mutex_);
    std::size_t armed_ POLLUX_GUARDED_BY(mutex_) = 0; // of the table
    Source last_ POLLUX_GUARDED_BY(mutex_) = -1;      // was reported last
    int ready_ POLLUX_GUARDED_BY(mutex_) = -1;        // the eventfd
    bool ready_on_ POLLUX_GUARDED_BY(mutex_) = false; // whether the epoll set watches it
    std::atomic<std::size_t> count_ = 0;              // size of the table
};

} // namespace pollux::epoll
