// SPDX-License-Identifier: BSL-1.0
#include "table.hpp"

#include "../describe.hpp"
#include "shrink.hpp"

#include <algorithm>
#include <array>

#include <poll.h>

namespace pollux::conformance::model {
namespace {

using namespace std::chrono_literals;

/// How long an expected event may take, at first, and while the row is shortened, which takes many tries.
constexpr std::chrono::nanoseconds patience = 5s, impatience = 20ms;

/// Compares the facts that the model predicts events from with poll(2); returns the difference, empty if there is none.
std::string compare_with_poll(Source source, const Facts& facts) {
    const Ready must = facts.promises(), may = must | facts.hints();
    pollfd polled{source, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
    ::poll(&polled, 1, 0);
    const auto has = [seen = polled.revents](int flags) { return (seen & flags) != 0; };
    const auto lacks = [&](Ready ready, int flags) { return any(must & ready) && !has(flags | POLLHUP | POLLERR); };
    const auto exceeds = [&](Ready ready, int flags) { return !any(may & ready) && has(flags); };
    // A hang-up of a socket that was never connected is no end.
    const bool differs = lacks(Ready::readable, POLLIN | POLLRDHUP) || lacks(Ready::writable, POLLOUT) ||
                         any(must & Ready::priority) != has(POLLPRI) || exceeds(Ready::readable, POLLIN) ||
                         exceeds(Ready::writable, POLLOUT) || exceeds(Ready::closed, POLLHUP | POLLRDHUP) ||
                         exceeds(Ready::failed, POLLERR);
    if (!differs) return {};
    return "expected: poll(2) agrees with the model, " + describe(must) + ", at most " + describe(may) +
           "\n    seen: the events " + std::to_string(polled.revents);
}

/// Numbers of sources, and of their kinds, for the reader.
std::string kinds_in(const Sequence& row) {
    std::string text;
    std::array<bool, source_count> is_named{};
    for (const auto& operation : row) {
        if (!has_source(operation.action) || is_named[operation.source]) continue;
        is_named[operation.source] = true;
        text += (text.empty() ? "" : ", ") + std::to_string(operation.source) + " is a " +
                kind_of(natures[operation.source]).name;
    }
    return text;
}

} // namespace

std::vector<Column> columns_of(const Capabilities& capabilities) {
    std::vector<Column> columns;
    for (const Mode mode : {Mode::oneshot, Mode::level, Mode::edge}) {
        const auto& offered = mode == Mode::oneshot ? capabilities.oneshot
                              : mode == Mode::level ? capabilities.level
                                                    : capabilities.edge;
        if (!offered) continue;
        for (unsigned set = 0; set < 8; ++set) {
            const auto interest = static_cast<Ready>(set);
            if (!any(interest & Ready::priority) || capabilities.priority) columns.push_back({mode, interest});
        }
        columns.push_back({mode, Ready::closed | Ready::failed});
        columns.push_back({mode, Ready::readable | Ready::closed});
    }
    return columns;
}

const std::vector<std::size_t>& sources_of_table() {
    static const std::vector<std::size_t> sources = [] {
        std::vector<std::size_t> first_of_kind;
        for (std::size_t source = 0; source < source_count; ++source) {
            const auto end = natures.begin() + static_cast<std::ptrdiff_t>(source);
            if (std::find(natures.begin(), end, natures[source]) == end) first_of_kind.push_back(source);
        }
        return first_of_kind;
    }();
    return sources;
}

Table::Table(const Subject& subject, std::vector<std::size_t> sources)
    : subject_(subject), sources_(std::move(sources)), limit_(patience) {
    begin();
}

void Table::begin() {
    trial_.reset(); // its descriptors are those of the next one
    Sequence mentions;
    for (const auto source : sources_) mentions.push_back(on(source, Action::close));
    mentions.push_back({.action = Action::select, .amount = 64});
    trial_ =
        std::make_unique<Trial>(subject_, 0, bool(subject_.capabilities.pipes), mentions, limit_, threads_of_process());
    for (auto& operation : mentions) static_cast<void>(trial_->step(operation, Token{++tokens_}, nullptr));
}

std::string Table::run(const Sequence& row) {
    auto fault = run_once(row);
    if (fault.empty()) return fault;
    begin();
    limit_ = impatience;
    std::string shortest;
    const auto is_known = [&](const Operation& operation) {
        return !has_source(operation.action) || std::ranges::find(sources_, operation.source) != sources_.end();
    };
    const auto fails = [&](const Sequence& attempt) {
        if (!std::ranges::all_of(attempt, is_known)) return false;
        begin();
        const auto again = run_once(attempt);
        if (again.empty()) return false;
        shortest = again;
        return true;
    };
    shrink(row, fails);
    limit_ = patience;
    begin();
    return shortest.empty() ? fault : shortest;
}

std::string Table::run_once(const Sequence& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (!trial_->allows(row[i])) continue;
        auto fault = trial_->step(row[i], Token{++tokens_}, nullptr);
        const auto& scene = trial_->scene();
        const bool has_changed = has_source(row[i].action) && !is_registration(row[i].action);
        if (fault.empty() && has_changed && scene.world().is_open(row[i].source))
            fault = compare_with_poll(scene.descriptor(row[i].source), scene.world().facts(row[i].source));
        if (fault.empty()) continue;
        return fault + "\n    at: operation " + std::to_string(i + 1) + ", " + text_of(row[i]) +
               "\n    row: " + text_of(row) + "\n    where " + kinds_in(row);
    }
    return {};
}

Operation on(std::size_t source, Action action, Thread thread) {
    return {.action = action, .source = source, .thread = thread};
}

Operation watching(std::size_t source, Action action, const Column& column, Thread thread) {
    return {.action = action, .source = source, .interest = column.interest, .mode = column.mode, .thread = thread};
}

void select(Sequence& row, int count, std::size_t room) {
    row.insert(row.end(), static_cast<std::size_t>(count), Operation{.action = Action::select, .amount = room});
}

} // namespace pollux::conformance::model
