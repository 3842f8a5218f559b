// SPDX-License-Identifier: BSL-1.0
// Rules on the process around a Selector: closed standard streams, lowered limits; and on files that report each change
// once.
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"
#include "../source_ends.hpp"
#include "lowered_limit.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/file.h>
#endif

namespace pollux::conformance {
// No descriptor of a Selector is 0, 1 or 2, even in a program that was started without standard streams.
RULE(selector, standard_streams) {
    const auto pair = make_pair(Kind::local);
    const auto file = open_file();
    const auto fault = fault_in_child([&]() -> std::string {
        for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) close(stream);
        OpenFailure failure;
        const auto opened = subject().open(failure);
        if (!opened) return describe(failure);
        static_cast<void>(opened->registrator().add(file, {Token{2}, Ready::readable, any_mode()}));
        if (opened->registrator().add(pair.near, {Token{1}, Ready::readable, any_mode()})) return "add() fails";
        for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
            if (fcntl(stream, F_GETFD) != -1) return "descriptor " + std::to_string(stream) + " is open";
        }
        std::array<Event, 4> buffer{};
        std::error_code error;
        opened->select(buffer, 0ns, error);
        write(pair.far, "x");
        const auto seen = opened->select(buffer, patience, error);
        return std::ranges::any_of(seen, [](const Event& each) { return each.token == Token{1}; }) ? "" : "no event";
    });
    expect(fault.empty(), "expected: standard streams stay closed, seen: " + fault);
}

// After RLIMIT_NOFILE was lowered to 0 with everything open, sources are still reported, and sleeps use no processor
// time.
RULE(selector, lowered_limit, .needs = Need::closed_sources) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        std::vector<Pair> pairs;
        for (std::uint64_t i = 0; i < 3; ++i) {
            pairs.push_back(make_pair(Kind::local));
            add(pairs.back().near, {Token{i}, Ready::readable, mode});
        }
        auto closed = make_pair(Kind::local);
        add(closed.near, {Token{9}, Ready::readable, mode});
        const LoweredLimit no_descriptors(RLIMIT_NOFILE);
        expect_full_wait();
        expect_idle(50ms);
        for (std::uint64_t i = 0; i < 3; ++i) {
            send(pairs[i].far);
            expect_event(Token{i}, Ready::readable);
            drain(pairs[i].near);
            modify(pairs[i].near, {Token{i}, Ready::readable, mode});
        }
        const Source number = closed.near;
        closed.near.close(); // while it is registered
        expect_no_spin();
        static_cast<void>(registrator().remove(number));
        wake();
        const auto woken = select();
        expect(woken.size() == 1 && woken[0].token == wake_token, "expected: the wake, seen: " + describe(woken));
        for (const auto& pair : pairs) remove(pair.near);
    }
}

// After RLIMIT_NOFILE was lowered to 0 and a source has ended or failed, a watch of any mode and interest is reported,
// or select() sleeps without a use of processor time; one-shot and edge watches are reported a few times at most.
RULE(selector, lowered_limit_no_spin, .takes = 1300ms) {
    for (const auto& ending : source_ends(capabilities())) {
        for (const Ready interest : {Ready::readable, Ready::writable, Ready::priority}) {
            if (interest == Ready::priority && !capabilities().priority) continue;
            for (const Mode mode : modes()) {
                CIRCUMSTANCE(ending.name + ", " + describe(interest) + ", " + describe(mode));
                auto pair = ending.make();
                const Watch watch{Token{1}, interest, mode};
                add(pair.near, watch);
                select(0ns);
                const LoweredLimit no_descriptors(RLIMIT_NOFILE);
                ending.end(pair);
                expect_events_or_sleep(mode == Mode::level);
                modify(pair.near, watch);
                expect_events_or_sleep(mode == Mode::level);
                remove(pair.near);
            }
        }
    }
}

#ifdef __linux__

namespace {

/// Enters a UTS namespace of this process, so that it may change the name of the host; false if the system refuses.
bool enter_namespace() { return unshare(CLONE_NEWUTS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWUTS) == 0; }

bool change_name() {
    static int changes = 0;
    const auto name = "pollux" + std::to_string(++changes);
    return sethostname(name.c_str(), name.size()) == 0;
}

Owned open_name() { return Owned(::open("/proc/sys/kernel/hostname", O_RDONLY | O_CLOEXEC)); }

/// A change is reported in all namespaces, so only the process that has this lock makes changes. It is that of an open
/// file, so it ends with the process at the latest.
class ChangesAlone {
  public:
    bool begin() const { return flock(name_, LOCK_EX) == 0; }

  private:
    const Owned name_ = open_name();
};

/// Lets another process change the name while this one sleeps, or a moment before.
std::string change_soon() {
    const pid_t other = fork();
    if (other == -1) return "fork() fails";
    if (other == 0) {
        usleep(20'000);
        _exit(change_name() ? 0 : 1);
    }
    return {};
}

} // namespace

// A file that reports each change once (POLLPRI) is reported after each change, even to a sleeping select(), to a
// rearmed watch, and beside other sources with room for one event; or add() refuses it.
RULE(priority, once, .takes = 1200ms) {
    if (!capabilities().priority) return declare_unsupported(capabilities().priority);
    // One or two files are crowded by sockets that are ready as well, of which one was removed before, and the first
    // file was paused at first.
    const auto fault_of = [this](Selector& opened, Mode mode, std::size_t watched) -> std::string {
        const bool is_crowded = watched < 3;
        auto& registrator = opened.registrator();
        const std::array<Pair, 2> pairs{make_pair(Kind::local), make_pair(Kind::local)};
        const Watch readable{Token{watched}, Ready::readable, mode};
        if (is_crowded && (registrator.add(pairs[0].near, readable) || registrator.remove(pairs[0].near) ||
                           registrator.add(pairs[0].near, readable)))
            return "add() or remove() of a socket fails";
        std::vector<Owned> names;
        while (names.size() < watched) names.push_back(open_name());
        for (std::uint64_t i = 0; i < names.size(); ++i) {
            const Watch watch{Token{i}, Ready::priority, mode};
            const bool was_paused = is_crowded && i == 0;
            auto error = registrator.add(names[i], was_paused ? Watch{Token{i}, Ready::none, mode} : watch);
            if (was_paused && !error) error = registrator.modify(names[i], watch);
            const bool is_unwatchable = error == std::errc::operation_not_permitted && !capabilities().files;
            if (error == std::errc::operation_not_supported || is_unwatchable) return "refused";
            if (error) return "add(): " + describe(error);
        }
        if (is_crowded && registrator.add(pairs[1].near, readable)) return "add() of a socket fails";
        std::array<Event, 8> buffer{};
        std::error_code error;
        if (!opened.select(buffer, moment, error).empty()) return "an event before any change";
        for (const auto& pair : pairs) write(pair.far, "x");
        for (int round = 0; round < 6; ++round) {
            const bool changes_now = round % 2 == 0 || is_crowded;
            if (changes_now && !change_name()) return "sethostname() fails";
            if (!changes_now && !change_soon().empty()) return "fork() fails";
            std::vector<int> reported(watched);
            for (std::size_t call = 0; call < (is_crowded ? 6 : watched); ++call) {
                const auto room = std::span(buffer).first(round < 3 ? 1 : buffer.size());
                for (const auto& event : opened.select(room, call == 0 ? patience : moment, error)) {
                    if (event.token == readable.token) continue;
                    if (!any(event.ready & Ready::priority)) return "an event without priority";
                    ++reported.at(static_cast<std::size_t>(event.token));
                }
                if (error) return "select(): " + describe(error);
            }
            if (reported != std::vector(watched, 1)) {
                std::string counts;
                for (const int count : reported) counts += " " + std::to_string(count);
                return "in round " + std::to_string(round) + " the watches have events:" + counts;
            }
            for (std::uint64_t i = 0; i < names.size(); ++i) {
                if (registrator.modify(names[i], {Token{i}, Ready::priority, mode})) return "modify() fails";
            }
            for (const auto& pair : pairs) {
                if (is_crowded && registrator.modify(pair.near, readable)) return "modify() of a socket fails";
            }
        }
        return {};
    };
    // Nothing keeps the urgent byte of a socket as such a change is kept: if it was read meanwhile, it is not reported.
    const auto fault_beside_urgent = [](Selector& opened) -> std::string {
        auto& registrator = opened.registrator();
        const std::array<Pair, 2> pairs{make_pair(Kind::tcp), make_pair(Kind::tcp)};
        const auto name = open_name();
        if (registrator.add(pairs[0].near, {Token{0}, Ready::priority, Mode::level}) ||
            registrator.add(name, {Token{1}, Ready::priority, Mode::level}) ||
            registrator.add(pairs[1].near, {Token{2}, Ready::priority, Mode::level}))
            return "add() fails";
        for (const auto& pair : pairs) {
            write_urgent(pair.far);
            pollfd urgent{pair.near, POLLPRI, 0};
            if (poll(&urgent, 1, -1) != 1) return "poll() fails";
        }
        if (!change_name()) return "sethostname() fails";
        std::array<Event, 8> buffer{};
        std::error_code error;
        auto seen = opened.select(std::span(buffer).first(1), patience, error);
        if (seen.size() != 1) return "no event";
        const bool was_name = seen[0].token == Token{1};
        for (const auto& pair : pairs) {
            char byte = 0;
            if (recv(pair.near, &byte, 1, MSG_OOB) != 1) return "recv(MSG_OOB) fails";
        }
        int reports_of_name = was_name;
        for (int call = 0; call < 3; ++call) {
            for (const auto& event : opened.select(buffer, moment, error)) {
                if (event.token != Token{1}) return "an urgent byte is reported that was read before";
                ++reports_of_name;
            }
        }
        return reports_of_name == 1 ? "" : std::to_string(reports_of_name) + " events of one change";
    };
    // A change that was not reported, for lack of room, is none any more for a watch that is interested in other
    // things.
    const auto fault_without_interest = [](Selector& opened, Mode mode) -> std::string {
        auto& registrator = opened.registrator();
        const auto pair = make_pair(Kind::local);
        const auto name = open_name();
        if (registrator.add(pair.near, {Token{0}, Ready::readable, mode}) ||
            registrator.add(name, {Token{1}, Ready::priority, mode}))
            return "add() fails";
        const auto fails_to_arm_both = [&] {
            return registrator.modify(name, {Token{1}, Ready::priority, mode}) ||
                   registrator.modify(pair.near, {Token{0}, Ready::readable, mode});
        };
        write(pair.far, "x");
        std::array<Event, 8> buffer{};
        std::error_code error;
        for (int round = 0; round < 8; ++round) {
            if (!change_name()) return "sethostname() fails";
            if (opened.select(std::span(buffer).first(1), patience, error).size() != 1) return "no event";
            if (registrator.modify(name, {Token{1}, Ready::readable, mode})) return "modify() fails";
            for (int call = 0; call < 3; ++call) {
                for (const auto& event : opened.select(buffer, moment, error)) {
                    if (any(event.ready & Ready::priority)) return "priority, of a watch for readable";
                }
            }
            if (fails_to_arm_both()) return "modify() fails";
            static_cast<void>(opened.select(buffer, moment, error)); // what may be left of this change
            if (fails_to_arm_both()) return "modify() fails";
        }
        return {};
    };
    // Runs one of these in a child that changes the name alone.
    const auto fault_in_namespace = [this](const auto& fault_over) {
        return fault_in_child([&]() -> std::string {
            const ChangesAlone alone;
            if (!alone.begin()) return "flock() fails";
            if (!enter_namespace()) return "unshare(CLONE_NEWUTS) fails";
            OpenFailure failure;
            const auto opened = subject().open(failure);
            return opened ? fault_over(*opened) : describe(failure);
        });
    };
    bool is_refused = false;
    for (const Mode mode : modes()) {
        for (const std::size_t watched : {3U, 2U, 1U}) {
            CIRCUMSTANCE(describe(mode) + ", " + std::to_string(watched) + " such files");
            const auto fault = fault_in_namespace([&](Selector& opened) { return fault_of(opened, mode, watched); });
            is_refused = fault == "refused";
            expect(fault.empty() || is_refused, "expected: each change is reported once, seen: " + fault);
        }
        CIRCUMSTANCE(describe(mode));
        const auto fault =
            is_refused ? ""
                       : fault_in_namespace([&](Selector& opened) { return fault_without_interest(opened, mode); });
        expect(fault.empty(), "expected: only what a watch is interested in, seen: " + fault);
    }
    if (!is_refused && capabilities().level) {
        const auto fault = fault_in_namespace(fault_beside_urgent);
        expect(fault.empty(), "expected: only what is urgent still is reported beside a change, seen: " + fault);
    }
    if (is_refused) declare_unsupported({Support::unsupported, "a file that reports by POLLPRI once is refused"});
}

#endif

std::span<const AbsentRule> absent_rules_of_process() {
#ifdef __linux__
    static const bool can_change_name = fault_in_child([]() -> std::string {
                                            const ChangesAlone alone;
                                            return alone.begin() && enter_namespace() && change_name() ? "" : "no";
                                        }).empty();
    static constexpr AbsentRule absent{"priority.once", "this process may have no UTS namespace of its own"};
    return {&absent, can_change_name ? std::size_t{0} : std::size_t{1}};
#else
    static constexpr AbsentRule absent{"priority.once",
                                       "this system has no source that reports once, as far as we know"};
    return {&absent, 1};
#endif
}

void link_surroundings_rules() {}

} // namespace pollux::conformance
