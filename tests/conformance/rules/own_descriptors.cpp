// SPDX-License-Identifier: BSL-1.0
// Rules on programs that close the descriptors of a Selector, like daemons that close all descriptors.
#include "../interruptions.hpp"
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <functional>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __SANITIZE_THREAD__
extern "C" void AnnotateIgnoreWritesBegin(const char* file, int line);
extern "C" void AnnotateIgnoreWritesEnd(const char* file, int line);
#endif

namespace pollux::conformance {
namespace {

/// Closes a descriptor that another thread may be using. ThreadSanitizer takes close(2) for a write to it.
void close_beside_others(int descriptor) {
#ifdef __SANITIZE_THREAD__
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    close(descriptor);
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
#else
    close(descriptor);
#endif
}

/// Makes a descriptor that another thread may be using a duplicate of another one.
void replace_beside_others(int other, int descriptor) {
#ifdef __SANITIZE_THREAD__
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    dup2(other, descriptor);
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
#else
    dup2(other, descriptor);
#endif
}

void close_all() {
    for (int descriptor = 0; descriptor < 4096; ++descriptor) close(descriptor);
}

/// A Selector and its descriptors.
struct Exposed {
    std::unique_ptr<Selector> selector;
    std::vector<int> own;
};

Exposed open_exposed(const Subject& subject, OpenFailure& failure) {
    const auto before = open_descriptors();
    Exposed opened{subject.open(failure), {}};
    for (const int descriptor : open_descriptors()) {
        if (std::ranges::find(before, descriptor) == before.end()) opened.own.push_back(descriptor);
    }
    return opened;
}

/// The processor time of this thread.
std::chrono::nanoseconds thread_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Calls select() with this timeout, which may fail and may return early; returns a fault if it uses much processor
/// time.
std::string busy_select(Selector& selector, std::chrono::nanoseconds time) {
    std::array<Event, 4> buffer{};
    std::error_code error;
    const auto before = thread_time();
    selector.select(buffer, time, error);
    const auto used = thread_time() - before;
    if (used < time / 5) return {};
    return std::to_string(used.count() / 1000) + " us of processor time in a select() of " +
           std::to_string(time.count() / 1000) + " us: " + describe(error);
}

/// Counts each SIGPIPE, while it exists: a program that does not handle it would end.
class BrokenPipes {
  public:
    BrokenPipes() {
        count = 0;
        struct sigaction counting {};
        counting.sa_handler = [](int) { count = count + 1; };
        sigaction(SIGPIPE, &counting, &before_);
    }
    ~BrokenPipes() { sigaction(SIGPIPE, &before_, nullptr); }
    BrokenPipes(const BrokenPipes&) = delete;
    BrokenPipes& operator=(const BrokenPipes&) = delete;

    static inline std::atomic<int> count = 0;

  private:
    struct sigaction before_ {};
};

/// Wakes a Selector after `change` of its own descriptors, and returns what is wrong. If `asleep`, a thread is in
/// select() during the change.
std::string wake_after(Exposed& exposed, bool asleep, const std::function<void()>& change) {
    auto& selector = *exposed.selector;
    std::error_code error;
    const auto is_wrong = [&error] { return error && error != std::errc::bad_file_descriptor; };
    if (asleep) {
        Sleeper sleeping(selector);
        change();
        for (int call = 0; call < 3 && !is_wrong(); ++call) error = selector.registrator().wake();
        if (error) pthread_kill(sleeping.handle(), SIGUSR1);
        if (!sleeping.returns()) {
            pthread_kill(sleeping.handle(), SIGUSR1);
            return "select() continues after wake(): " + describe(error);
        }
    } else {
        change();
        for (int call = 0; call < 3 && !is_wrong(); ++call) error = selector.registrator().wake();
        std::array<Event, 4> buffer{};
        std::error_code failure;
        const auto events = selector.select(buffer, error ? 0ns : patience, failure);
        if (!error && !failure && events.empty()) return "a wake that is lost";
    }
    return is_wrong() ? "wake(): " + describe(error) : std::string();
}

/// Tries a new Selector with each of its own descriptors, and with all of them, with and without a thread in select().
/// Returns the first fault.
std::string fault_without_descriptors(const Subject& subject,
                                      const std::function<std::string(Exposed&, bool asleep)>& attempt) {
    const Interruptions interruptions;
    const BrokenPipes broken;
    OpenFailure failure;
    const auto count = open_exposed(subject, failure).own.size();
    for (std::size_t which = 0; which <= count; ++which) {
        for (const bool asleep : {false, true}) {
            auto exposed = open_exposed(subject, failure);
            if (!exposed.selector) return describe(failure);
            if (which < exposed.own.size()) exposed.own = {exposed.own[which]};
            auto fault = attempt(exposed, asleep);
            exposed.selector.reset();
            if (fault.empty() && BrokenPipes::count != 0) fault = "SIGPIPE";
            if (fault.empty()) continue;
            // The next sleep may never end.
            return fault + (which < count ? ", descriptor " + std::to_string(which) : ", all descriptors") +
                   (asleep ? ", asleep" : "");
        }
    }
    return {};
}

/// A pair, of which the second end replaces a descriptor, and the first one reads what is written into it.
using Replacement = std::array<Owned, 2>;
struct NamedReplacement {
    const char* name;
    Replacement (*open)();
};

Replacement open_file() {
    std::FILE* const file = std::tmpfile();
    if (!file) return {};
    Replacement opened{Owned(dup(fileno(file))), Owned(dup(fileno(file)))};
    std::fclose(file);
    return opened;
}

Replacement open_pipe(bool is_read) {
    std::array<int, 2> ends{-1, -1};
    if (pipe(ends.data()) == -1) return {};
    Replacement opened{Owned(ends[0]), Owned(ends[1])};
    if (!is_read) opened[0] = Owned();
    return opened;
}

constexpr std::array replacements{
    NamedReplacement{"a file", open_file},
    NamedReplacement{"a pipe", [] { return open_pipe(true); }},
    NamedReplacement{"a pipe without a reader", [] { return open_pipe(false); }},
};

bool holds_bytes(int descriptor) {
    struct stat status {};
    int bytes = 0;
    return (fstat(descriptor, &status) == 0 && status.st_size != 0) ||
           (ioctl(descriptor, FIONREAD, &bytes) == 0 && bytes != 0);
}

} // namespace

// select() returns bad_file_descriptor from each call, and does not spin, after all descriptors of the process were
// closed.
RULE(selector, descriptors_closed) {
    for (const Timeout timeout : {Timeout(0ns), Timeout(patience), forever}) {
        const auto fault = fault_in_child([&]() -> std::string {
            OpenFailure failure;
            const auto opened = subject().open(failure);
            if (!opened) return describe(failure);
            const auto pair = make_pair(Kind::local);
            static_cast<void>(opened->registrator().add(pair.near, {Token{1}, Ready::readable, modes().back()}));
            std::array<Event, 4> buffer{};
            std::error_code error;
            opened->select(buffer, moment, error);
            close_all();
            for (int call = 0; call < 3; ++call) {
                const auto events = opened->select(buffer, timeout, error);
                if (!events.empty() || error != std::errc::bad_file_descriptor)
                    return std::to_string(events.size()) + " events and: " + describe(error);
            }
            return {};
        });
        expect(fault.empty(), "expected: no event and bad_file_descriptor, seen: " + fault);
    }
}

// After a Selector's own descriptors were closed while a thread sleeps in select(), a wake ends the sleep or fails, a
// signal ends it, and no select() spins, even when other files have their descriptor numbers.
RULE(selector, descriptors_closed_while_waiting, .takes = 500ms) {
    const Interruptions interruptions;
    const auto pair = make_pair(Kind::local);
    const Owned other(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const auto try_with = [&](std::size_t which, Timeout timeout, bool is_replaced) -> std::string {
        OpenFailure failure;
        auto exposed = open_exposed(subject(), failure);
        const auto& opened = exposed.selector;
        auto& own = exposed.own;
        if (!opened) return describe(failure);
        if (which < own.size()) own = {own[which]};
        if (opened->registrator().add(pair.near, {Token{1}, Ready::readable, modes().back()})) return "add() fails";
        const auto close_own = [&] {
            for (const int descriptor : own) {
                if (is_replaced) {
                    dup2(other, descriptor);
                } else {
                    close_beside_others(descriptor);
                }
            }
        };
        if (is_replaced) {
            close_own();
        } else {
            Sleeper sleeping(*opened, timeout);
            close_own();
            const auto error = opened->registrator().wake();
            if (error) pthread_kill(sleeping.handle(), SIGUSR1);
            if (!sleeping.returns()) return "select() continues after a wake: " + describe(error);
        }
        for (int call = 0; call < 3; ++call) {
            if (auto fault = busy_select(*opened, 50ms); !fault.empty()) return fault;
        }
        return {};
    };
    OpenFailure failure;
    const auto count = open_exposed(subject(), failure).own.size();
    for (std::size_t which = 0; which <= count; ++which) {
        const auto what = which < count ? "descriptor " + std::to_string(which) : std::string("all descriptors");
        for (const Timeout timeout : {Timeout(2 * patience), forever}) {
            const auto fault = try_with(which, timeout, false);
            expect(fault.empty(), "expected: no spin with " + what + " closed, seen: " + fault);
            if (!fault.empty()) return; // the next sleep may never end
        }
        const auto fault = try_with(which, forever, true);
        expect(fault.empty(), "expected: no spin with " + what + " replaced, seen: " + fault);
    }
}

// Neither wake() nor the destructor raises SIGPIPE after the program has closed one or all of a Selector's own
// descriptors. wake() returns bad_file_descriptor, or ends select(), whether or not a thread sleeps there.
RULE(wake, descriptors_closed) {
    const auto fault = fault_without_descriptors(subject(), [](auto& exposed, bool asleep) {
        return wake_after(exposed, asleep, [&] {
            for (const int descriptor : exposed.own) close_beside_others(descriptor);
        });
    });
    expect(fault.empty(), "expected: bad_file_descriptor or a wake, seen: " + fault);
}

// After files or pipes have reused the descriptors of a Selector, wake() writes nothing into them, and raises no
// SIGPIPE. wake() returns bad_file_descriptor, or ends select(), whether or not a thread sleeps there.
RULE(wake, descriptors_replaced) {
    for (const auto& [name, open_other] : replacements) {
        const auto fault = fault_without_descriptors(subject(), [open = open_other](auto& exposed, bool asleep) {
            const auto other = open();
            const auto fault_of_wake = wake_after(exposed, asleep, [&] {
                for (const int descriptor : exposed.own) replace_beside_others(other[1], descriptor);
            });
            return fault_of_wake.empty() && holds_bytes(other[0]) ? "bytes in it" : fault_of_wake;
        });
        expect(fault.empty(),
               std::string("expected: bad_file_descriptor or a wake, replaced by ") + name + ", seen: " + fault);
    }
}

void link_own_descriptors_rules() {}

} // namespace pollux::conformance
