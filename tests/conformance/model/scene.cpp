// SPDX-License-Identifier: BSL-1.0
#include "scene.hpp"

#include "../describe.hpp"

#include <pollux/deadline.hpp>

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include <fcntl.h>

namespace pollux::conformance::model {
namespace {

constexpr std::array<Nature, source_count> natures{Nature::local, Nature::pipe_reader, Nature::pipe_writer,
                                                   Nature::local, Nature::directory};

Pair make(Nature nature) {
    if (nature == Nature::directory) return {Owned(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), Owned()};
    auto pair = make_pair(nature == Nature::local ? Kind::local : Kind::pipe);
    if (nature == Nature::pipe_writer) std::swap(pair.near, pair.far);
    return pair;
}

std::string describe(const Outcome& outcome) {
    return outcome.error ? conformance::describe(outcome.error) : std::to_string(outcome.bytes) + " bytes";
}

std::string fault(const std::string& expected, const Outcome& seen) {
    return "expected: " + expected + "\n    seen: " + describe(seen);
}

bool would_block(const Outcome& outcome) {
    return outcome.error == std::errc::operation_would_block ||
           outcome.error == std::errc::resource_unavailable_try_again;
}

} // namespace

Scene::Scene(Source first, bool with_pipes) : pairs_(source_count) {
    for (std::size_t source = 0; source < source_count; ++source) {
        const bool is_pipe = natures[source] == Nature::pipe_reader || natures[source] == Nature::pipe_writer;
        numbers_.push_back(first + static_cast<Source>(source));
        facts_.push_back({is_pipe && !with_pipes ? Nature::local : natures[source]});
        open(source);
    }
}

void Scene::open(std::size_t source) {
    const Nature nature = facts_[source].nature;
    facts_[source] = Facts{nature};
    pairs_[source] = make(nature);
    pairs_[source].near = renumber(std::move(pairs_[source].near), numbers_[source]);
}

std::string Scene::act(const Operation& operation) {
    const auto source = operation.source;
    auto& [near, far] = pairs_[source];
    auto& facts = facts_[source];
    switch (operation.action) {
    case Action::write: {
        const auto outcome = write(far, std::string(operation.amount, 'x'));
        facts.to_read += outcome.bytes;
        return outcome.bytes == operation.amount ? "" : fault("far can write to near", outcome);
    }
    case Action::read:
        return read(source, operation.amount);
    case Action::send:
        return send(source);
    case Action::fill:
        facts.unread += fill(near);
        facts.is_full = true;
        return {};
    case Action::drain: {
        const auto unread = std::exchange(facts.unread, 0);
        const auto bytes = conformance::drain(far);
        facts.is_full = false;
        return bytes == unread ? "" : fault(std::to_string(unread) + " bytes are there for far", {bytes, {}});
    }
    case Action::shut_down:
        shut_down_writing(far);
        facts.has_ended = true;
        return {};
    case Action::hang_up:
        hang_up(source);
        return {};
    case Action::close:
        near.close();
        facts.is_open = false;
        return {};
    case Action::reopen:
        open(source);
        return {};
    default:
        return {};
    }
}

void Scene::hang_up(std::size_t source) {
    pairs_[source].far.close();
    auto& facts = facts_[source];
    // A local socket that is closed with unread data resets its peer.
    facts.has_error = facts.nature == Nature::pipe_writer || facts.unread > 0;
    facts.has_ended = true;
    facts.has_far = false;
}

std::string Scene::read(std::size_t source, std::size_t most) {
    auto& facts = facts_[source];
    const auto outcome = conformance::read(pairs_[source].near, most);
    const auto bytes = std::min(most, facts.to_read);
    facts.to_read -= std::min(facts.to_read, outcome.bytes);
    if (bytes > 0) return outcome.bytes == bytes ? "" : fault(std::to_string(bytes) + " bytes to read", outcome);
    if (!facts.has_ended) return would_block(outcome) ? "" : fault("nothing to read", outcome);
    if (outcome.error) facts.has_error = false; // told once
    return outcome.bytes == 0 && !would_block(outcome) ? "" : fault("the end of the stream, or an error", outcome);
}

std::string Scene::send(std::size_t source) {
    auto& facts = facts_[source];
    const auto outcome = write(pairs_[source].near, "x");
    facts.unread += outcome.bytes;
    if (facts.has_hung_up()) return outcome.error && !would_block(outcome) ? "" : fault("an error", outcome);
    if (facts.is_full) return would_block(outcome) ? "" : fault("no room to write", outcome);
    return outcome.bytes == 1 ? "" : fault("room to write", outcome);
}

bool Scene::is_gone(std::size_t source) {
    const auto& far = pairs_[source].far;
    if (facts_[source].nature == Nature::pipe_reader) return static_cast<bool>(write(far, "x").error);
    drain(far);
    return !would_block(conformance::read(far));
}

std::string Scene::expect_gone(std::size_t source, std::chrono::nanoseconds limit) {
    if (!facts_[source].has_far) return {};
    const Deadline deadline(limit);
    while (!is_gone(source)) {
        if (deadline.left() == deadline.left().zero())
            return "expected: the source is closed\n    seen: it is kept open";
        std::this_thread::yield();
    }
    return {};
}

} // namespace pollux::conformance::model
