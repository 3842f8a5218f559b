// SPDX-License-Identifier: BSL-1.0
#include "scene.hpp"

#include "../describe.hpp"
#include "closing.hpp"
#include "waiting.hpp"

#include <pollux/time/deadline.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pollux::conformance::model {
namespace {

constexpr std::size_t room = 8192;

bool would_block(ssize_t result) { return result == -1 && (errno == EAGAIN || errno == EWOULDBLOCK); }
bool failed(ssize_t result) { return result == -1 && !would_block(result); }

std::string fault(const std::string& expected, ssize_t seen) {
    return "expected: " + expected + "\n    seen: " +
           (seen == -1 ? describe(std::error_code(errno, std::system_category())) : std::to_string(seen));
}

bool is_stream(Nature nature) {
    return is_local(nature) || nature == Nature::tcp || is_reading_end(nature) || is_terminal(nature);
}

/// Reads at most `most` bytes, datagrams, connections, signals ... by one call; returns their number, or -1 and errno.
ssize_t take(Source near, TestSource& made, const Facts& facts, std::size_t most) {
    std::array<char, room> bytes;
    const auto nature = facts.nature;
    if (facts.is_urged) return ::recv(near, bytes.data(), 1, MSG_OOB);
    if (nature == Nature::epoll) return ::read(made.far, bytes.data(), 8) == 8 ? 1 : -1;
    if (nature == Nature::packet) return ::recv(near, bytes.data(), bytes.size(), 0);
    if (is_stream(nature)) return ::read(near, bytes.data(), std::min(most, bytes.size()));
    if (kind_of(nature).is_counter) return ::read(near, bytes.data(), 8) == 8 ? 1 : -1;
    if (nature == Nature::listener || nature == Nature::unix_listener) {
        const Owned accepted(::accept4(near, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (accepted == Owned::none) return -1;
        // It is reset when it is closed, an option that it inherits from the listener.
        if (!made.clients.empty()) made.clients.erase(made.clients.begin());
        return 1;
    }
    if (nature == Nature::udp || nature == Nature::datagram)
        return ::recv(near, bytes.data(), bytes.size(), 0) >= 0 ? 1 : -1;
    const std::size_t unit = nature == Nature::signal ? 128 : 16;
    const auto result = ::read(near, bytes.data(), unit * std::min<std::size_t>(most, bytes.size() / unit));
    return result <= 0 ? result : result / static_cast<ssize_t>(unit);
}

} // namespace

Scene::Scene(Source first, int index, bool with_pipes, const Sequence& sequence)
    : first_(first), index_(index), world_(with_pipes) {
    for (const auto& operation : sequence) {
        if (!has_source(operation.action)) continue;
        is_used_[operation.source] = true;
        if (operation.action == Action::dup) is_used_[std::min(operation.amount, source_count - 1)] = true;
    }
    for (std::size_t source = 0; source < source_count; ++source) {
        if (is_used_[source]) open(source);
    }
}

Scene::~Scene() {
    for (std::size_t source = 0; source < source_count; ++source) {
        if (is_used_[source] && world_.is_open(source)) close_source(descriptor(source), world_.facts(source).nature);
    }
}

void Scene::open(std::size_t source) {
    const auto slot = world_.slot_of(source);
    made_[slot] = TestSource();
    near_wrote_[slot] = 0;
    made_[slot] = make(world_.facts(source).nature, surroundings().first_signal + index_);
    if (::dup3(made_[slot].near, descriptor(source), O_CLOEXEC) == -1)
        throw std::system_error(errno, std::system_category(), "dup3");
    made_[slot].near.close();
}

std::string Scene::act(const Operation& operation) {
    const auto source = operation.source;
    const auto near = descriptor(source);
    auto& made = made_[world_.slot_of(source)];
    const auto& facts = world_.facts(source);
    switch (operation.action) {
    case Action::write:
        return write_from_far(made, facts.nature, near, operation.amount, facts.to_read);
    case Action::read:
        return read(operation);
    case Action::send:
        return send(source);
    case Action::fill:
        return fill(source);
    case Action::drain:
        return drain(source);
    case Action::shut_down:
        ::shutdown(made.far, SHUT_WR);
        return await(near, POLLRDHUP) ? "" : fault("the end of the stream", 0);
    case Action::hang_up:
    case Action::reset:
        return hang_up(source, operation.action == Action::reset);
    case Action::urge:
        if (send_urgent(made.far) != 1) return fault("far can send a byte out of band", -1);
        return await(near, POLLPRI) ? "" : fault("a byte out of band", 0);
    case Action::connect:
        return connect_to_unresponsive(near);
    case Action::answer:
        return answer(made, near);
    case Action::refuse:
        return connect_to_closed_port(near);
    case Action::close:
        ::close(near);
        return {};
    case Action::dup:
        return ::dup3(descriptor(operation.amount), near, O_CLOEXEC) == near ? "" : fault("a duplicate", -1);
    default:
        return {};
    }
}

void Scene::apply(const Operation& operation) {
    world_.apply(operation);
    if (operation.action == Action::reopen) open(operation.source);
}

std::string Scene::read(const Operation& operation) {
    const auto source = operation.source;
    const auto& facts = world_.facts(source);
    auto& made = made_[world_.slot_of(source)];
    const auto expected = facts.taken_by(operation);
    std::size_t taken = 0;
    ssize_t result = 0;
    // Behind a byte out of band that was read, Linux returns EAGAIN despite data or the end if the kernel has other
    // work for this thread, as after the end of an io_uring (signal_pending() in tcp_recvmsg_locked() in
    // net/ipv4/tcp.c).
    int retries = facts.nature == Nature::tcp ? 8 : 0;
    bool takes_more = true;
    while (takes_more) {
        result = take(descriptor(source), made, facts, operation.amount - taken);
        if (result > 0) taken += kind_of(facts.nature).is_counter ? expected : static_cast<std::size_t>(result);
        const bool is_due = taken < expected;
        takes_more = result > 0 ? is_due : would_block(result) && (is_due || facts.has_ended) && retries-- > 0;
    }
    if (facts.is_urged) return result == 1 ? "" : fault("a byte out of band", result);
    if (expected > 0) return taken == expected ? "" : fault(std::to_string(expected) + " to read", result);
    if (!facts.has_ended && !facts.has_error) return would_block(result) ? "" : fault("nothing to read", result);
    return result == 0 || failed(result) ? "" : fault("the end of the stream, or an error", result);
}

std::string Scene::send(std::size_t source) {
    const auto& facts = world_.facts(source);
    const auto near = descriptor(source);
    const auto result = send_one(near, facts.nature);
    const bool goes_nowhere = facts.nature == Nature::datagram && !facts.has_far;
    if (facts.is_dead || goes_nowhere || (facts.nature == Nature::udp && facts.has_error))
        return failed(result) ? "" : fault("an error", result);
    if (facts.is_full) return would_block(result) ? "" : fault("no room to write", result);
    if (result != 1) return fault("room to write", result);
    ++near_wrote_[world_.slot_of(source)];
    const bool is_refused = !facts.has_far && (facts.nature == Nature::udp || facts.nature == Nature::tcp);
    return !is_refused || await(near, facts.nature == Nature::udp ? 0 : POLLHUP) ? "" : fault("a refusal", result);
}

std::string Scene::fill(std::size_t source) {
    static const std::string block(4096, 'f');
    const auto near = descriptor(source);
    const auto nature = world_.facts(source).nature;
    if (nature == Nature::event) {
        eventfd_t count = 0;
        eventfd_read(near, &count);
        return eventfd_write(near, ~eventfd_t{0} - 1) == 0 ? "" : fault("room to write", -1);
    }
    // Single bytes fit where a whole block does not.
    for (std::size_t size = block.size(); size > 0;) {
        const auto result = ::write(near, block.data(), size);
        if (result > 0)
            near_wrote_[world_.slot_of(source)] +=
                nature == Nature::datagram || nature == Nature::packet ? 1 : static_cast<std::size_t>(result);
        if (result == -1) size /= 8;
    }
    return {};
}

std::string Scene::drain(std::size_t source) {
    const auto slot = world_.slot_of(source);
    const auto nature = world_.facts(source).nature;
    const auto& far = made_[slot].far;
    const bool counts_datagrams = nature == Nature::datagram || nature == Nature::packet || nature == Nature::udp;
    std::array<char, room> bytes;
    const auto expected = std::exchange(near_wrote_[slot], 0);
    for (std::size_t total = 0; total < expected;) {
        const auto result = ::read(far, bytes.data(), bytes.size());
        if (result > 0) total += counts_datagrams ? 1 : static_cast<std::size_t>(result);
        // TCP and terminals deliver data a little later.
        if (result <= 0 && !(would_block(result) && await(far, POLLIN)))
            return fault(std::to_string(expected) + " are there for far to read", static_cast<ssize_t>(total));
    }
    return {};
}

std::string Scene::hang_up(std::size_t source, bool as_reset) {
    const auto slot = world_.slot_of(source);
    auto& made = made_[slot];
    auto& facts = world_.facts(source);
    near_wrote_[slot] = 0;
    if (facts.nature == Nature::process) {
        made.process.end();
        return await(descriptor(source), POLLIN) ? "" : fault("the end of the process", 0);
    }
    if (facts.nature == Nature::tcp) {
        const linger lingering{as_reset, 0};
        setsockopt(made.far, SOL_SOCKET, SO_LINGER, &lingering, sizeof lingering);
    }
    made.far.close();
    const bool is_seen = facts.nature != Nature::udp && facts.nature != Nature::datagram;
    const bool is_end = facts.nature == Nature::tcp && !as_reset && facts.unread == 0;
    return !is_seen || await(descriptor(source), is_end ? POLLRDHUP : 0) ? "" : fault("a hang-up", 0);
}

bool Scene::is_gone(std::size_t slot) {
    const auto& far = made_[slot].far;
    std::array<char, room> bytes;
    ssize_t result = 0;
    do {
        result = ::read(far, bytes.data(), bytes.size());
    } while (result > 0);
    if (result == -1 && errno == EBADF) return ::write(far, "x", 1) == -1; // the writing end of a pipe
    return !would_block(result);
}

std::string Scene::expect_gone(std::size_t slot, std::chrono::nanoseconds limit) {
    const auto nature = made_[slot].far == Owned::none ? Nature::udp : world_.facts_in(slot).nature;
    if (!is_stream(nature) && !is_writing_end(nature)) return {};
    const time::Deadline deadline(limit);
    while (!is_gone(slot)) {
        if (deadline.left() == deadline.left().zero())
            return "expected: the source is closed\n    seen: it is kept open";
        std::this_thread::yield();
    }
    return {};
}

} // namespace pollux::conformance::model
