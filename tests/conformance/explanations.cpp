// SPDX-License-Identifier: BSL-1.0
#include "explanations.hpp"

#include "results.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace pollux::conformance {
namespace {

/// A Background explains the rules of a group, or one rule: why they matter, and what usually breaks them.
struct Background {
    std::string_view name; // of a group or of a rule
    const char* why;
    const char* what_breaks;
};

// Each group has a row: tests/architecture/contract.py checks it. Rows of single rules are added to those of groups.
constexpr Background backgrounds[] = {
    {"accept",
     "A server that misses a queued connection leaves a client waiting, and one that spins on it is no better.",
     "A listener that is reported once although connections remain, or an accept() error that is taken for no event."},
    {"add", "add() is the first call of each program; what it changes or refuses silently is found much later.",
     "Errors that appear in select() instead of add(), duplicates that overwrite, flags of the source that are "
     "changed, "
     "tokens that are stored in fewer than 64 bits."},
    {"buffer", "Programs choose the size of the buffer; events that do not fit must neither be lost nor starve others.",
     "A scan that always begins at the front, events that are discarded after they were fetched, one event per "
     "direction."},
    {"capabilities", "Programs choose a backend by what it declares, and users read why it lacks something.",
     "Capabilities that are left as they are initialized, a size that is not set, a resolution of zero."},
    {"clock", "Poll and Loop compute timeouts by the clock of the backend, and wait too long or spin if it differs.",
     "A clock that is read from another source than the one that select() waits by."},
    {"close", "Programs close descriptors that are registered, by mistake or in error paths, and must survive that.",
     "A table by descriptor numbers that is not updated when a number is reused, EBADF of the whole set, a spin on "
     "POLLNVAL."},
    {"connect", "A program learns the result of connect() by writable alone.",
     "A socket that is reported before the connection is complete, or a refusal that is reported as a hang-up only."},
    {"datagram", "Datagram sockets have errors and empty messages that stream sockets do not have.",
     "Zero bytes that are taken for the end, an error that is reported again although it was read."},
    {"descriptor", "Other event loops wait for this descriptor: if it is not readable in time, they sleep for ever.",
     "Work that only select() does, such as rechecks, wakes or files that are always ready."},
    {"edge", "Edge programs read until the read would block; a lost edge stops such a connection for good.",
     "A rearm between the read and the arrival, states that are polled instead of arrivals, merged requests."},
    {"end",
     "The end of a peer is what programs handle worst: lost, it leaks connections; repeated, it burns a processor.",
     "EPOLLHUP and EPOLLERR, which cannot be masked; filters for exceptions that do not see a reset; half-closed "
     "streams."},
    {"failure", "After an error a program goes on with the watches that it has, and compares errors with std::errc.",
     "A table that is changed before the system call fails, and errors of another category than "
     "std::generic_category()."},
    {"files", "A program that watches standard input does not know whether it is a file.",
     "EPERM of epoll, a list of always ready watches that starves others or is not protected by the lock."},
    {"fork", "Children of fork() share kernel objects with the parent; a change there disturbs the parent.",
     "A destructor that unregisters from a shared epoll set, or waits for a thread that the child does not have."},
    {"hints", "Programs close connections because of the hints closed and failed.",
     "EPOLLRDHUP or end-of-file flags that are passed on for a stream that is half open."},
    {"layer", "A program that asks for an extension must not bypass a layer.", "extension() that is forwarded unread."},
    {"level", "Level mode is the mode of programs that read a part at a time.",
     "A one-shot request that is not submitted again, or an event that is reported after the data was read."},
    {"mode", "A mode that is unknown must not be taken for another one.", "A switch without a default."},
    {"modify", "Programs change their interest while other threads wait, and rely on the change being complete.",
     "A cancelled request that still completes, an interest that is merged with the old one, a pause that is not one."},
    {"oneshot", "One-shot mode is how several threads share sources without reporting one twice.",
     "A watch that is removed after its event, a second event between the first one and modify()."},
    {"open", "Programs at their limit of descriptors need an error that they can report.",
     "An exception that leaves open(), descriptors that a failed open() has left open."},
    {"overload", "With more events than a queue of the kernel holds, losing one means a connection that hangs.",
     "A completion queue that overflows, and multishot requests that end without a notice."},
    {"pause", "Programs pause a source to slow its peer down, and expect it to cost nothing.",
     "Hang-ups that are reported although nothing is of interest, and sleeps that they end."},
    {"plugin", "Users read the texts of a plugin in lists and failures, and auto chooses by its rank.",
     "Texts of several lines, or in another encoding than UTF-8."},
    {"priority", "Out-of-band data and changes of files are reported once; a lost report is not repeated.",
     "Readable that is reported for an out-of-band byte, exceptions that are mapped to hang-ups."},
    {"remove", "After remove() returned, a program frees what the token stands for.",
     "An event that was fetched before, a request that keeps the file open, a watch of another duplicate."},
    {"reuse", "The system gives the number of a closed descriptor to the next one that is opened.",
     "A table by numbers in which the old token remains."},
    {"scale", "Servers have thousands of sources.",
     "FD_SETSIZE, scans that are quadratic, an arbitrary limit that is below that of the system."},
    {"selector", "A Selector lives in a process that has other descriptors, threads, limits and Selectors.",
     "Descriptors below 3 or without close-on-exec, leaks in failing paths, global state, timers that tick when idle."},
    {"sequences", "Programs call in orders that no list of rules names.",
     "State that an earlier call has left behind: a table entry, a request in flight, an event already fetched."},
    {"signal", "A signal must not end a program, and must not be swallowed by a sleep that goes on.",
     "EINTR that is returned as an error, or a loop that repeats the wait with the full timeout."},
    {"table", "Programs watch terminals, timers and processes as they watch sockets, and expect the same of each.",
     "An interest, mode or hint that was tried with one kind of source, and in one state."},
    {"threads", "Any thread may change watches while one sleeps.",
     "A lock that is held during the sleep, a copy of the table that is used after a change."},
    {"timeout", "Timers are made of timeouts: early ones spin, late ones delay everything.",
     "Milliseconds that are rounded down, int overflow of large values, negative values that mean forever."},
    {"unconnected", "A socket that was only created is in a state that programs meet in error paths.",
     "EPOLLHUP, which Linux reports for it until it is connected."},
    {"wake", "Work of other threads arrives by wakes alone: one that is lost stops the program.",
     "A flag that is cleared before the pipe is read, a pipe that is full and blocks, coalescing without a fence."},
    // Single rules.
    {"scale.many_sources", "", "select(2) and FD_SET: glibc ends the program for descriptors above 1023."},
    {"timeout.huge", "", "A deadline that is computed as now + timeout and overflows."},
    {"selector.descriptors_closed_while_waiting", "",
     "A wake pipe whose end of file is taken for a wake, and run_one() of Asio, which spins."},
    {"add.while_asleep", "", "poll(2) and select(2) sleep on a copy of the table: each change has to end the sleep."},
    {"wake.descriptors_replaced", "", "write(2) to a descriptor whose number belongs to another file now."},
};

std::string joined(std::string first, std::string_view second) {
    if (!first.empty() && !second.empty()) first += ' ';
    return first += second;
}

/// Breaks a text into lines of at most 100 bytes that begin with `margin`.
std::string wrapped(std::string_view text, const std::string& margin) {
    std::string lines, line;
    while (!text.empty()) {
        const auto word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (!line.empty() && margin.size() + line.size() + 1 + word.size() > 100) {
            lines += margin + line + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : " ") + std::string(word);
    }
    return lines + margin + line + "\n";
}

constexpr Promise all_promises[] = {
#include "promises.inc"
};

} // namespace

std::span<const Promise> promises() { return all_promises; }

Explanation explanation_of(const ListedRule& rule) {
    Explanation explanation;
    const auto promise = std::ranges::find(all_promises, std::string_view(rule.label),
                                           [](const Promise& each) { return std::string_view(each.label); });
    if (promise != std::end(all_promises)) {
        explanation.promise = promise->sentence;
        explanation.since = promise->since;
    }
    for (const auto& each : backgrounds) {
        if (each.name != rule.group && each.name != rule.label) continue;
        explanation.why = joined(explanation.why, each.why);
        explanation.what_breaks = joined(explanation.what_breaks, each.what_breaks);
    }
    return explanation;
}

std::string text_of(const ListedRule& rule) {
    const auto explanation = explanation_of(rule);
    return std::string(rule.label) + " (" + name_of(rule.traits.level) + ", since contract " + explanation.since +
           ")\n\n" + wrapped(explanation.promise, "    ") + "\nWhy it matters:\n" + wrapped(explanation.why, "    ") +
           "\nWhat commonly breaks it:\n" + wrapped(explanation.what_breaks, "    ");
}

} // namespace pollux::conformance
