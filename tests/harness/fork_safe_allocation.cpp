// SPDX-License-Identifier: BSL-1.0
// Under a sanitizer of GCC 12, fork() beside threads that allocate gives a child that hangs in its next allocation:
// AddressSanitizer's allocator takes no locks around fork() before LLVM 18 (llvm/llvm-project#75290), and
// ThreadSanitizer's none before LLVM 19 (#96600). A program that is linked with this file forks between allocations by
// operator new only. Each is handed on to the sanitizer's operator, so that nothing is checked less.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#include "next_function.hpp"

#include <cstddef>
#include <new>

#include <pthread.h>

namespace {

using pollux::harness::next_function;

/// Readers allocate, a writer forks; writers come first, or fork() might wait forever.
constexpr pthread_rwlock_t unlocked = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
pthread_rwlock_t allocating = unlocked;

struct Allocating {
    Allocating() { pthread_rwlock_rdlock(&allocating); }
    Allocating(const Allocating&) = delete;
    Allocating& operator=(const Allocating&) = delete;
    ~Allocating() { pthread_rwlock_unlock(&allocating); }
};

/// Runs before shared objects are initialised, which register handlers, too: those may wait for a thread that
/// allocates, so this lock has to be taken after theirs. pthread_atfork(3): "the prepare handlers [are called] in
/// reverse order of registration".
void exclude_forks() {
    const auto lock = [] { pthread_rwlock_wrlock(&allocating); };
    const auto unlock = [] { pthread_rwlock_unlock(&allocating); };
    const auto unlock_in_child = [] {
        pthread_rwlock_unlock(&allocating); // of which ThreadSanitizer keeps books
        allocating = unlocked;              // without the threads that waited for it, and are not in the child
    };
    pthread_atfork(lock, unlock, unlock_in_child);
}
[[gnu::section(".preinit_array"), gnu::used]] void (*const first)() = exclude_forks;

using New = void*(std::size_t);
using NewOrNull = void*(std::size_t, const std::nothrow_t&) noexcept;
using NewAligned = void*(std::size_t, std::align_val_t);
using Delete = void(void*) noexcept;
using DeleteSized = void(void*, std::size_t) noexcept;
using DeleteAligned = void(void*, std::size_t, std::align_val_t) noexcept;

} // namespace

// The forms that programs call; others go to the sanitizer as ever.
void* operator new(std::size_t size) {
    static const auto next = next_function<New>(nullptr, "_Znwm");
    const Allocating now;
    return next(size);
}
void* operator new[](std::size_t size) {
    static const auto next = next_function<New>(nullptr, "_Znam");
    const Allocating now;
    return next(size);
}
void* operator new(std::size_t size, const std::nothrow_t& nothrow) noexcept {
    static const auto next = next_function<NewOrNull>(nullptr, "_ZnwmRKSt9nothrow_t");
    const Allocating now;
    return next(size, nothrow);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    static const auto next = next_function<NewAligned>(nullptr, "_ZnwmSt11align_val_t");
    const Allocating now;
    return next(size, alignment);
}
void operator delete(void* memory) noexcept {
    static const auto next = next_function<Delete>(nullptr, "_ZdlPv");
    const Allocating now;
    next(memory);
}
void operator delete[](void* memory) noexcept {
    static const auto next = next_function<Delete>(nullptr, "_ZdaPv");
    const Allocating now;
    next(memory);
}
void operator delete(void* memory, std::size_t size) noexcept {
    static const auto next = next_function<DeleteSized>(nullptr, "_ZdlPvm");
    const Allocating now;
    next(memory, size);
}
void operator delete[](void* memory, std::size_t size) noexcept {
    static const auto next = next_function<DeleteSized>(nullptr, "_ZdaPvm");
    const Allocating now;
    next(memory, size);
}
void operator delete(void* memory, std::size_t size, std::align_val_t alignment) noexcept {
    static const auto next = next_function<DeleteAligned>(nullptr, "_ZdlPvmSt11align_val_t");
    const Allocating now;
    next(memory, size, alignment);
}
#endif
