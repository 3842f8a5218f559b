// SPDX-License-Identifier: BSL-1.0
// Makes each allocation of the functions that open backends fail once: they throw std::bad_alloc or succeed, and never
// report another error.
//
// In a program of its own, which replaces operator new and, without a sanitizer, malloc(). Each attempt runs in a
// child, in which nothing is loaded yet.
#include "loader_test.hpp"

#include <pollux/poll.hpp>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <new>

#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace {

/// The number of allocations that succeed before one fails; negative: all.
thread_local long successes_left = -1;
thread_local bool has_failed = false;

bool fails_now() noexcept {
    if (successes_left < 0) return false;
    has_failed |= successes_left == 0;
    return successes_left-- == 0;
}

} // namespace

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define POLLUX_MALLOC_IS_OURS

extern "C" {
void* __libc_malloc(std::size_t);              // NOLINT: glibc's own names
void* __libc_calloc(std::size_t, std::size_t); // NOLINT
void* __libc_realloc(void*, std::size_t);      // NOLINT

void* malloc(std::size_t size) noexcept {
    if (fails_now()) return errno = ENOMEM, nullptr;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
    if (fails_now()) return errno = ENOMEM, nullptr;
    return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) noexcept {
    if (fails_now()) return errno = ENOMEM, nullptr;
    return __libc_realloc(block, size);
}
}
#else
[[gnu::noinline]] void* operator new(std::size_t size) {
    if (fails_now()) throw std::bad_alloc();
    if (void* const block = std::malloc(size)) return block;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return fails_now() ? nullptr : std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }
#endif

namespace pollux::loader_tests {
namespace {

#ifdef __linux__
#define BACKEND_WITH_OPTION "epoll?batch=64"
#else
#define BACKEND_WITH_OPTION "poll_fallback"
#endif

enum Result { all_succeeded, threw_bad_alloc, continued, reported_another_error, threw_another, leaked };

const char* text_of(int result) {
    constexpr const char* texts[] = {"all succeeded",      "std::bad_alloc",    "success",
                                     "another diagnostic", "another exception", "a leak"};
    return texts[result];
}

/// Whether a diagnostic reports a lack of memory.
bool blames_memory(const std::string& diagnostic) {
    return diagnostic.find(make_error_code(std::errc::not_enough_memory).message()) != diagnostic.npos;
}

/// Runs in a child; returns 0 if no allocation failed, and `count` is then the number of all.
Result run_with_failure(long number, const std::function<bool()>& is_right) {
    Result result = continued;
    bool is_right_diagnostic = true;
    try {
        successes_left = number;
        is_right_diagnostic = is_right();
        successes_left = -1;
        if (!has_failed) result = all_succeeded;
    } catch (const std::bad_alloc&) {
        successes_left = -1;
        result = threw_bad_alloc;
    } catch (const OpenError& error) {
        successes_left = -1;
        if (!blames_memory(error.what())) result = reported_another_error;
        if (result == reported_another_error) std::fprintf(stderr, "%s\n", error.what());
    } catch (...) {
        successes_left = -1;
        result = threw_another;
    }
    if (!is_right_diagnostic) result = reported_another_error;
#if defined(__SANITIZE_ADDRESS__)
    if (__lsan_do_recoverable_leak_check() != 0) result = leaked;
#endif
    return result;
}

class Allocations : public LoaderTest {
  protected:
    Allocations() { plugin_path.set(plugins); }

    /// Makes each allocation of a function fail, the first, the second and so on to the thousandth. `is_right` returns
    /// whether the result of the function is the same as with enough memory.
    static void try_each(const std::function<bool()>& is_right, long least = 6) {
        constexpr long most = 1000;
        long number = 0;
        for (int result = continued; result != all_succeeded && number < most; ++number) {
            const pid_t child = fork();
            ASSERT_NE(child, -1);
            if (child == 0) _exit(run_with_failure(number, is_right));
            int status = 0;
            ASSERT_EQ(waitpid(child, &status, 0), child);
            ASSERT_TRUE(WIFEXITED(status)) << "allocation " << number << ": ended by signal " << WTERMSIG(status);
            result = WEXITSTATUS(status);
            ASSERT_LE(result, leaked) << "allocation " << number;
            ASSERT_LE(result, continued) << "allocation " << number << ": " << text_of(result);
        }
        EXPECT_GE(number, least) << "nothing was made to fail";
    }
};

/// Prints a wrong result.
bool shown(bool is_right, const std::string& diagnostic) {
    successes_left = -1;
    if (!is_right) std::fprintf(stderr, "%s\n", diagnostic.c_str());
    return is_right;
}

/// Returns whether a function that is noexcept opened a Selector, or stated that memory was short.
bool opens_or_lacks_memory(const std::function<std::unique_ptr<Selector>(OpenFailure&)>& open) {
    OpenFailure failure;
    const auto selector = open(failure);
    successes_left = -1;
    if (selector) return !failure.error() && failure.step().empty() && failure.sentence().empty();
    return shown(failure.error() == std::errc::not_enough_memory,
                 std::string(failure.step()) + ": " + failure.error().message());
}

/// Whether the choice is right, unless its diagnostic reports a lack of memory.
bool is_first_choice(const Choice& choice) {
    return choice.backend && (choice.attempts.size() == 1 || blames_memory(choice.text())) &&
           choice.passed_over.empty() && choice.installed.size() >= 2;
}

TEST_F(Allocations, of_open) {
    try_each([] { return open() != nullptr; });
}

TEST_F(Allocations, of_explain) {
    try_each([] { return is_first_choice(explain()); });
}

TEST_F(Allocations, of_explain_by_name) {
    backend.set("nosuch,poll_fallback");
    try_each([] {
        const auto choice = explain();
        return shown(choice.backend ? choice.backend->name == "poll_fallback" : blames_memory(choice.text()),
                     choice.text());
    });
}

/// Returns whether the choice is right, or states that memory was short.
bool is_stack(const Choice& choice, const std::string& stack) {
    if (!choice.backend) return shown(blames_memory(choice.text()), choice.text());
    return shown(choice.stack() == stack && choice.attempts.size() == 1, choice.text());
}

TEST_F(Allocations, of_a_stack_with_options_and_layers) {
    layers.set("trace?file=/dev/null+trace?file=%2Fdev%2Fnull");
    backend.set("trace?file=/dev/null+" BACKEND_WITH_OPTION ",poll_fallback");
    // Another choice is only right if the first failed because of memory.
    try_each([] {
        const auto choice = explain();
        if (choice.attempts.size() == 2) return shown(blames_memory(choice.attempts[0].reason), choice.text());
        return is_stack(choice, "trace?file=/dev/null+trace?file=/dev/null+trace?file=/dev/null+" BACKEND_WITH_OPTION);
    });
}

TEST_F(Allocations, of_a_stack_of_poll) {
    layers.set("trace?file=/dev/null");
    try_each([] {
        const Poll poll({.backend = "trace?file=/dev/null+" BACKEND_WITH_OPTION});
        return is_stack(poll.choice(), "trace?file=/dev/null+trace?file=/dev/null+" BACKEND_WITH_OPTION);
    });
}

TEST_F(Allocations, of_another_selector_of_a_stack) {
    const auto choice = explain({.backend = "trace?file=/dev/null+trace+" BACKEND_WITH_OPTION});
    ASSERT_TRUE(choice.backend) << choice.text();
    try_each([&choice] { return opens_or_lacks_memory([&](OpenFailure& failure) { return choice.open(failure); }); },
             5);
}

TEST_F(Allocations, of_plugins) {
    const auto one = load(fs::path(plugins) / file_name("poll_fallback"));
    const auto layer = load(fs::path(plugins) / file_name("trace"));
    ASSERT_TRUE(one.loaded && layer.loaded) << one.refusal << layer.refusal;
    try_each([&] { return opens_or_lacks_memory([&](OpenFailure& failure) { return one.open(failure); }); }, 2);
    try_each(
        [&] {
            OpenFailure failure;
            auto inner = one.open(failure);
            if (!inner) return failure.error() == std::errc::not_enough_memory;
            return opens_or_lacks_memory(
                [&](OpenFailure& around) { return layer.open_around(std::move(inner), around); });
        },
        4);
}

TEST_F(Allocations, of_poll) {
    try_each([] { return is_first_choice(Poll().choice()); });
}

TEST_F(Allocations, of_poll_without_exceptions) {
    try_each([] {
        Choice choice;
        std::error_code error;
        if (const auto poll = Poll::open({}, choice, error)) return !error && is_first_choice(poll->choice());
        successes_left = -1;
        if (error == std::errc::not_enough_memory) return true;
        return shown(error == std::errc::no_such_device && blames_memory(choice.text()), choice.text());
    });
}

TEST_F(Allocations, of_found) {
    const auto expected = found().size();
    try_each([expected] { return found().size() == expected && found()[0].refusal.empty(); });
}

TEST_F(Allocations, of_installed) {
    std::size_t expected = 0;
    for (const auto& entry : fs::directory_iterator(plugins)) expected += entry.path().extension() == ".so";
    try_each([expected] {
        std::size_t usable = 0;
        const auto all = installed();
        for (const auto& one : all) usable += one.refusal.empty() || blames_memory(one.refusal);
        std::string diagnostic;
        for (const auto& one : all) diagnostic += one.name + ": " + one.refusal + "\n";
        return shown(usable >= expected, diagnostic);
    });
}

TEST_F(Allocations, of_text) {
    const auto choice = explain({.backend = "nosuch"});
    const auto expected = choice.text();
    try_each([&] { return choice.text() == expected; });
}

} // namespace
} // namespace pollux::loader_tests
