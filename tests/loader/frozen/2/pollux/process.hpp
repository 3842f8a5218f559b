// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#ifndef _WIN32
#include <unistd.h>
#endif
#ifdef __linux__
#include <atomic>

#include <sys/mman.h>
#endif

/// Distinguishes a process from its forked children: for authors of plugins and layers.
namespace pollux {

/// An OwnerProcess records the process in which an object was made whose kernel objects fork(2) shares.
///
/// A forked child has a copy of the object and the same epoll set, ring or pipe as its parent: what the child changes
/// there, it changes for the parent. So each function checks is_current() first, and does nothing if it is false.
///
/// Under Linux the check costs two loads: one page is zeroed in each child by the kernel (madvise(2),
/// MADV_WIPEONFORK), even after a fork that runs no pthread_atfork(3) handlers, such as _Fork(3). On other systems it
/// costs a getpid(2). A child of vfork(2) shares the memory of its parent and counts as the parent.
///
/// Threads: any. Async-signal-safe, except for the first call in a program.
class OwnerProcess {
  public:
    OwnerProcess() noexcept : id_(current()) {}

    /// Returns whether the calling process is the one that constructed this object.
    bool is_current() const noexcept { return id_ == current(); }

  private:
#ifdef _WIN32
    static std::uint64_t current() noexcept { return 0; } // no fork()
#elif defined(__linux__) && defined(MADV_WIPEONFORK)
    using Mark = std::atomic<std::uint64_t>;

    /// Returns an id that differs from those of all ancestors of the process. Without the page it is the pid, which has
    /// 22 bits at most.
    static std::uint64_t current() noexcept {
        Mark* mark = mark_.load(std::memory_order_acquire);
        if (!mark) mark = make_mark();
        if (mark == &without_page_) return static_cast<std::uint64_t>(getpid());
        const auto id = mark->load(std::memory_order_relaxed);
        return id != 0 ? id : assign_id(*mark);
    }

    static Mark* make_mark() noexcept {
        void* const page = mmap(nullptr, sizeof(Mark), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        const bool is_wiped = page != MAP_FAILED && madvise(page, sizeof(Mark), MADV_WIPEONFORK) == 0;
        Mark* const made = is_wiped ? static_cast<Mark*>(page) : &without_page_;
        Mark* expected = nullptr;
        const bool is_first = mark_.compare_exchange_strong(expected, made, std::memory_order_acq_rel);
        if (page != MAP_FAILED && !(is_first && is_wiped)) munmap(page, sizeof(Mark));
        return is_first ? made : expected;
    }

    /// Assigns an id to a process that has none yet: last_ was inherited from its parent, the mark was not.
    static std::uint64_t assign_id(Mark& mark) noexcept {
        std::uint64_t expected = 0;
        const auto next = last_.fetch_add(1, std::memory_order_relaxed) + 1;
        return mark.compare_exchange_strong(expected, next, std::memory_order_relaxed) ? next : expected;
    }

    inline static constinit Mark without_page_{0};
    inline static constinit std::atomic<Mark*> mark_{nullptr};
    inline static constinit Mark last_{std::uint64_t{1} << 32};
#else
    static std::uint64_t current() noexcept { return static_cast<std::uint64_t>(getpid()); }
#endif

    std::uint64_t id_;
};

} // namespace pollux
