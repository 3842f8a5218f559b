// SPDX-License-Identifier: BSL-1.0
// Rules on the numbers of descriptors, of sources and of a Selector's own.
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"
#include "lowered_limit.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <new>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace pollux::conformance {
namespace {

/// Makes `source` have the descriptor `number` as well, while it exists; what had it before has it again afterwards.
class Numbered {
  public:
    Numbered(Source source, int number) : number_(number) {
        if (fcntl(number, F_GETFD) != -1) before_ = Owned(fcntl(number, F_DUPFD_CLOEXEC, 3));
        if (dup2(source, number) == -1) throw std::system_error(errno, std::generic_category(), "dup2");
        fcntl(number, F_SETFD, FD_CLOEXEC);
    }
    ~Numbered() {
        if (before_.get() == Owned::none) {
            close(number_);
        } else {
            dup2(before_, number_);
        }
    }
    Numbered(const Numbered&) = delete;
    Numbered& operator=(const Numbered&) = delete;

  private:
    int number_;
    Owned before_;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool has_own_memory = true; // of a sanitizer
#else
constexpr bool has_own_memory = false;
#endif

/// Leaves the calling thread no memory to allocate, while it exists: none can be mapped, and what was is taken. Without
/// effect where the system has no such limit.
class NoMemory {
  public:
    NoMemory() {
        // The arena of a thread has 64 MiB that are mapped already.
        for (std::size_t size = std::size_t{1} << 20; size >= sizeof(Taken); size /= 2) {
            for (int count = 0; count < 1000; ++count) {
                void* const memory = std::malloc(size);
                if (!memory) break;
                taken_ = new (memory) Taken{taken_};
            }
        }
    }
    ~NoMemory() {
        while (taken_) std::free(std::exchange(taken_, taken_->next));
    }
    NoMemory(const NoMemory&) = delete;
    NoMemory& operator=(const NoMemory&) = delete;

  private:
    struct Taken {
        Taken* next;
    };
    const LoweredLimit no_more_{RLIMIT_AS};
    Taken* taken_ = nullptr;
};

/// A table that grows by factors is 100 MB at the highest number of some systems.
int highest_number(std::size_t limit) { return static_cast<int>(std::min<std::size_t>(limit, 1'100'000) - 1); }

/// The numbers at which tables and sets of descriptors have their ends, below the limit of this process; and the
/// highest one.
std::vector<int> numbers_below(std::size_t limit) {
    std::vector<int> numbers;
    for (const std::size_t edge : {64U, 256U, 1024U, 4096U, 16384U, 32768U, 65536U, 131072U, 1048576U}) {
        for (const std::size_t number : {edge - 1, edge, edge + 1}) {
            if (number < limit) numbers.push_back(static_cast<int>(number));
        }
    }
    numbers.push_back(0);
    numbers.push_back(highest_number(limit));
    return numbers;
}

} // namespace

// A source is watched, reported, modified and removed whatever the number of its descriptor is: 0, those around 1,024,
// 4,096, 65,536 and other powers of two, and the highest that the limit allows; also when another one is removed.
RULE(scale, descriptor_numbers, .needs = Need::any_number) {
    const auto limit = raise_descriptor_limit();
    for (const int number : numbers_below(limit)) {
        for (const Kind kind : kinds()) {
            CIRCUMSTANCE("descriptor " + std::to_string(number) + ", " + name_of(kind));
            const auto pair = make_pair(kind);
            if (number == pair.near || number == pair.far) continue;
            const auto beside = make_pair(kind);
            if (number == beside.near || number == beside.far) continue;
            const Numbered source(pair.near, number);
            for (const Mode mode : modes()) {
                add(beside.near, {Token{9}, Ready::readable, mode});
                add(number, {Token{1}, Ready::readable, mode});
                expect_error(std::errc::file_exists, registrator().add(number, {Token{2}, Ready::readable, mode}));
                send(pair.far);
                expect_event(Token{1}, Ready::readable);
                remove(beside.near); // which was added before
                modify(number, {Token{3}, Ready::readable, mode});
                expect_event(Token{3}, Ready::readable);
                read(pair.near);
                remove(number);
                expect_unknown(number);
                if (has_failed()) return;
            }
            expect_quiet();
        }
    }
}

// A Selector that is opened while all descriptors below 1,024, or below 4,096, are in use works, and its wakes do.
RULE(selector, high_descriptors, .needs = Need::any_number) {
    const auto limit = raise_descriptor_limit();
    std::vector<Owned> taken;
    for (const int below : {1024, 4096}) {
        if (static_cast<std::size_t>(below) + 64 > limit) break;
        CIRCUMSTANCE("descriptors below " + std::to_string(below));
        const Owned other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        for (Owned next(fcntl(other, F_DUPFD_CLOEXEC, 3)); next < below;
             next = Owned(fcntl(other, F_DUPFD_CLOEXEC, 3))) {
            if (next == Owned::none) return expect(false, "expected: descriptors up to the limit");
            taken.push_back(std::move(next));
        }
        const auto opened = open();
        if (!opened) return;
        const auto pair = make_pair(Kind::local);
        expect_error(std::errc{}, opened->registrator().add(pair.near, {Token{1}, Ready::readable, modes().front()}));
        for (int round = 0; round < 2; ++round) {
            Sleeper sleeper(*opened);
            expect_error(std::errc{}, opened->registrator().wake());
            const auto woken = sleeper.events();
            expect(woken.size() == 1 && woken[0].token == wake_token, "expected: the wake, seen: " + describe(woken));
        }
        Sleeper sleeper(*opened);
        send(pair.far);
        const auto seen = sleeper.events();
        expect(seen.size() == 1 && seen[0].token == Token{1}, "expected: {token 1, readable}, seen: " + describe(seen));
    }
}

// open() and add() of a source with the highest descriptor succeed, or fail with not_enough_memory and leave nothing
// behind, while the process can have no more memory. They succeed when it can.
RULE(add, no_memory, .needs = Need::any_number) {
    if (has_own_memory) {
        static constexpr Capability sanitized{Support::unsupported, "not checked: a sanitizer ends without memory"};
        return declare_unsupported(sanitized);
    }
    const auto limit = raise_descriptor_limit();
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto fault = fault_in_child([&]() -> std::string {
            OpenFailure failure;
            const auto opened = subject().open(failure);
            if (!opened) return describe(failure);
            const auto pair = make_pair(Kind::local);
            const int number = highest_number(limit);
            const Numbered source(pair.near, number);
            const Watch watch{Token{1}, Ready::readable, mode};
            std::error_code error;
            {
                const NoMemory no_memory;
                const bool is_refused = !subject().open(failure);
                if (is_refused && failure.error() != std::errc::not_enough_memory) return describe(failure);
                error = opened->registrator().add(number, watch);
                if (error && error != std::errc::not_enough_memory) return "add(): " + describe(error);
                if (error && opened->registrator().remove(number) != std::errc::no_such_file_or_directory)
                    return "a watch that add() has refused";
            }
            if (error) error = opened->registrator().add(number, watch);
            if (error) return "add(), with memory: " + describe(error);
            write(pair.far, "x");
            std::array<Event, 4> buffer{};
            const auto seen = opened->select(buffer, patience, error);
            return seen.size() == 1 && seen[0].token == Token{1} ? "" : "no event";
        });
        expect(fault.empty(), "expected: success or not_enough_memory, seen: " + fault);
    }
}

void link_numbers_rules() {}

} // namespace pollux::conformance
