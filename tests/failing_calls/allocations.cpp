// SPDX-License-Identifier: BSL-1.0
// Replaces malloc(3) and its relatives, which operator new and the C library call. A sanitizer has its own malloc(), so
// only operator new is replaced under it.
#include "allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ONLY_OPERATOR_NEW
#endif

namespace pollux::failing_calls {
namespace {

constexpr std::size_t off = ~std::size_t{0};
std::atomic<bool> is_counting = false;
std::atomic<bool> persists_ = false;
std::atomic<std::size_t> failing_ = off;
std::atomic<std::size_t> count_ = 0;

bool fails() noexcept {
    if (!is_counting.load(std::memory_order_relaxed)) return false;
    const auto index = count_.fetch_add(1, std::memory_order_relaxed);
    const auto failing = failing_.load(std::memory_order_relaxed);
    return index == failing || (index > failing && persists_.load(std::memory_order_relaxed));
}

} // namespace

void Allocations::begin(std::size_t failing, bool persists) {
    count_ = 0;
    failing_ = failing;
    persists_ = persists;
    is_counting = true;
}

std::size_t Allocations::end() {
    is_counting = false;
    return count_;
}

} // namespace pollux::failing_calls

using pollux::failing_calls::fails;

#ifdef ONLY_OPERATOR_NEW

namespace {

void* allocate(std::size_t size, std::size_t alignment) {
    void* memory = nullptr;
    if (!fails() && posix_memalign(&memory, alignment, size == 0 ? 1 : size) == 0) return memory;
    throw std::bad_alloc();
}

} // namespace

[[gnu::noinline]] void* operator new(std::size_t size) { return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

#else

extern "C" {
void* __libc_malloc(std::size_t size);                          // NOLINT(bugprone-reserved-identifier): glibc's
void* __libc_calloc(std::size_t count, std::size_t size);       // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* memory, std::size_t size);           // NOLINT(bugprone-reserved-identifier)
void* __libc_memalign(std::size_t alignment, std::size_t size); // NOLINT(bugprone-reserved-identifier)

static void* out_of_memory() noexcept {
    errno = ENOMEM;
    return nullptr;
}

void* malloc(std::size_t size) noexcept { return fails() ? out_of_memory() : __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) noexcept {
    return fails() ? out_of_memory() : __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
    return fails() ? out_of_memory() : __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return fails() ? out_of_memory() : __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
    void* const made = fails() ? nullptr : __libc_memalign(alignment, size);
    if (made) *memory = made;
    return made ? 0 : ENOMEM;
}
}

#endif
