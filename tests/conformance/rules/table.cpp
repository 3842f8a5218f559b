// SPDX-License-Identifier: BSL-1.0
// Rules that hold in each row of a table: kinds of sources, their states, modes, interests, callers and times. The rows
// are made from the model of the contract, which states what each may report and must report.
#include "../model/table.hpp"
#include "../model/busy_threads.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

namespace pollux::conformance {
namespace {

using namespace model;
using model::Thread; // of an operation

/// A Search runs rows, until one of a source differs: rows that lack an event take seconds each.
class Search {
  public:
    /// `has_threads`: whether other threads use the Registrator, so that it has to stay.
    Search(const Subject& subject, std::vector<std::size_t> sources, bool has_threads = false)
        : table_(subject, std::move(sources)), has_threads_(has_threads) {}

    Registrator& registrator() { return table_.registrator(); }
    bool is_over() const { return !difference_.empty(); }
    const std::string& difference() const { return difference_; }
    std::size_t rows() const { return rows_; }

    /// A brief run has a tenth of the rows, spread over all columns and changes.
    void run(const Sequence& row) {
        if (is_over() || (Budget::is_brief() && (rows_seen_++ * 2654435761U >> 16) % 10 != 0)) return;
        Recorder::current().note_progress();
        ++rows_;
        difference_ = has_threads_ ? table_.run_once(row) : table_.run(row);
    }

  private:
    Table table_;
    bool has_threads_;
    std::string difference_;
    std::size_t rows_ = 0;
    std::uint32_t rows_seen_ = 0;
};

/// Begins a row: a fresh source in a state.
Sequence row_of(std::size_t source, const State& state) {
    Sequence row{on(source, Action::reopen)};
    row.insert(row.end(), state.path.begin(), state.path.end());
    return row;
}

Operation by(Operation operation, Thread thread) {
    operation.thread = thread == Thread::asleep && !may_race(operation.action) ? Thread::other : thread;
    return operation;
}

/// Calls `run_rows` for each state of a source and each column, until a row of the source differs.
void for_each_state(Search& search, std::size_t source, const Capabilities& capabilities, auto run_rows) {
    for (const auto& state : states_of(source, bool(capabilities.pipes))) {
        for (const auto& column : columns_of(capabilities)) {
            if (!search.is_over()) run_rows(state, column);
        }
    }
}

/// What the rows of a rule have found, and how many were run.
struct Found {
    std::vector<std::string> differences; // one of a source at most
    std::size_t rows = 0;
};

/// Calls `run_rows` for each source of the table, each of its states and each column, with the Search of the source.
/// `sources_of`: those that the rows of a source use.
Found search_all(const Subject& subject, auto sources_of, auto run_rows) {
    surroundings();
    Found found;
    for (const auto source : sources_of_table()) {
        Search search(subject, sources_of(source));
        for_each_state(search, source, subject.capabilities,
                       [&](const State& state, const Column& column) { run_rows(search, source, state, column); });
        if (search.is_over()) found.differences.push_back(search.difference());
        found.rows += search.rows();
    }
    return found;
}

std::vector<std::size_t> alone(std::size_t source) { return {source}; }

} // namespace

// A watch of each mode and interest that is added to a source of each kind in each of its states is reported as often
// as the mode states, with all conditions of the interest that hold and no other; so is one that modify() rearms.
RULE(table, states) {
    destroy();
    const auto run_rows = [&](Search& search, std::size_t source, const State& state, const Column& column) {
        auto row = row_of(source, state);
        row.push_back(watching(source, Action::add, column));
        model::select(row, 3);
        row.push_back(watching(source, Action::modify, column));
        model::select(row, 2);
        row.push_back(on(source, Action::remove));
        model::select(row);
        row.push_back(on(source, Action::close));
        search.run(row);
    };
    const auto found = search_all(subject(), alone, run_rows);
    for (const auto& difference : found.differences) expect(false, difference);
    record("rows", std::to_string(found.rows));
}

// A watch of each mode and interest is reported for each change of a source of each kind in each of its states, as
// often as the mode states, with all conditions of the interest that hold and no other.
RULE(table, changes) {
    destroy();
    const auto run_rows = [&](Search& search, std::size_t source, const State& state, const Column& column) {
        for (const auto& change : state.next) {
            auto row = row_of(source, state);
            row.push_back(watching(source, Action::add, column));
            model::select(row, 2);
            row.push_back(change);
            model::select(row, 3);
            row.push_back(watching(source, Action::modify, column));
            model::select(row, 2);
            row.push_back(on(source, Action::remove));
            row.push_back(on(source, Action::close));
            search.run(row);
        }
    };
    const auto found = search_all(subject(), alone, run_rows);
    for (const auto& difference : found.differences) expect(false, difference);
    record("rows", std::to_string(found.rows));
}

// Beside a sleeping select() another thread adds a watch, changes its source or modifies it: each ends the sleep if the
// source is ready then, for each kind, state, mode and interest.
RULE(table, while_asleep, .needs = Need::any_thread) {
    destroy();
    const auto run_rows = [&](Search& search, std::size_t source, const State& state, const Column& column) {
        auto row = row_of(source, state);
        row.push_back(watching(source, Action::add, column, Thread::asleep));
        model::select(row, 2);
        row.push_back(watching(source, Action::modify, {column.mode, Ready::none}, Thread::other));
        model::select(row);
        row.push_back(watching(source, Action::modify, column, Thread::asleep));
        model::select(row);
        row.push_back(on(source, Action::remove));
        row.push_back(on(source, Action::close));
        search.run(row);
        for (const auto& change : state.next) {
            row = row_of(source, state);
            row.push_back(watching(source, Action::add, column));
            model::select(row, 2);
            row.push_back(by(change, Thread::asleep));
            model::select(row, 2);
            row.push_back(on(source, Action::remove));
            row.push_back(on(source, Action::close));
            search.run(row);
        }
    };
    const auto found = search_all(subject(), alone, run_rows);
    for (const auto& difference : found.differences) expect(false, difference);
    record("rows", std::to_string(found.rows));
}

// With more sources ready than the buffer has room for, of all kinds, states, modes and interests at once, each event
// is reported by one of the next calls, and changes and ends of watches between these apply at once.
RULE(table, batches) {
    destroy();
    surroundings();
    const bool with_pipes(capabilities().pipes);
    const auto& sources = sources_of_table();
    const auto columns = columns_of(capabilities());
    std::map<std::size_t, std::vector<State>> states;
    for (const auto source : sources) states[source] = states_of(source, with_pipes);
    Search search(subject(), sources);
    for (std::size_t round = 0; round < 10 * columns.size() && !search.is_over(); ++round) {
        Sequence row;
        const auto each = [&](auto add_operations) {
            for (std::size_t i = 0; i < sources.size(); ++i) {
                const auto& all = states[sources[i]];
                add_operations(sources[i], all[(round / columns.size() + i) % all.size()],
                               columns[(7 * round + 11 * i) % columns.size()]);
            }
        };
        each([&](std::size_t source, const State& state, const Column&) {
            const auto fresh = row_of(source, state);
            row.insert(row.end(), fresh.begin(), fresh.end());
        });
        each([&](std::size_t source, const State&, const Column& column) {
            row.push_back(watching(source, Action::add, column));
        });
        model::select(row, 3, 1 + round % 4);
        each([&](std::size_t, const State& state, const Column&) {
            if (!state.next.empty()) row.push_back(state.next[round % state.next.size()]);
        });
        model::select(row, 12, 3);
        each([&](std::size_t source, const State&, const Column& column) {
            row.push_back(watching(source, Action::modify, column));
        });
        model::select(row, 3, 2);
        each([&](std::size_t source, const State&, const Column& column) {
            row.push_back(source % 2 ? on(source, Action::remove) : watching(source, Action::modify, column));
        });
        model::select(row, 2, 5);
        model::select(row, 2);
        each([&](std::size_t source, const State&, const Column&) { row.push_back(on(source, Action::remove)); });
        model::select(row);
        each([&](std::size_t source, const State&, const Column&) { row.push_back(on(source, Action::close)); });
        search.run(row);
    }
    expect(!search.is_over(), search.difference());
    record("rows", std::to_string(search.rows()));
}

// A source of each kind in each state may be closed while it is watched, its descriptor may be reused by another source
// of the same kind or of another, and a duplicate is a source of its own: each watch is that of its own source only.
RULE(table, descriptors) {
    const bool may_close = bool(capabilities().closed_sources);
    destroy();
    const auto other_of = [](std::size_t source) -> std::size_t { return source == 0 ? 1 : 0; };
    const auto both_of = [&](std::size_t source) { return std::vector{source, other_of(source)}; };
    const auto run_rows = [&](Search& search, std::size_t source, const State& state, const Column& column) {
        const auto other = other_of(source);
        // Closed while registered, and reused by the same kind.
        auto row = row_of(source, state);
        row.push_back(watching(source, Action::add, column));
        model::select(row);
        row.push_back(on(source, Action::close));
        model::select(row, 2);
        row.push_back(on(source, Action::remove));
        for (const auto& operation : row_of(source, state)) row.push_back(operation);
        row.push_back(watching(source, Action::add, column));
        model::select(row, 2);
        row.push_back(on(source, Action::remove));
        row.push_back(on(source, Action::close));
        if (may_close) search.run(row);
        // A duplicate with the descriptor that a source of another kind had, which
        // outlives the source.
        row = {on(other, Action::reopen)};
        row.push_back(watching(other, Action::add, {column.mode, both_directions}));
        model::select(row);
        row.push_back(on(other, Action::remove));
        row.push_back(on(other, Action::close));
        for (const auto& operation : row_of(source, state)) row.push_back(operation);
        auto copy = on(other, Action::dup);
        copy.amount = source;
        row.push_back(copy);
        row.push_back(watching(source, Action::add, column));
        row.push_back(watching(other, Action::add, column));
        model::select(row, 2);
        row.push_back(on(source, Action::remove));
        row.push_back(on(source, Action::close));
        model::select(row);
        row.push_back(watching(other, Action::modify, column));
        model::select(row, 2);
        row.push_back(on(other, Action::remove));
        row.push_back(on(other, Action::close));
        model::select(row);
        search.run(row);
    };
    const auto found = search_all(subject(), both_of, run_rows);
    for (const auto& difference : found.differences) expect(false, difference);
    record("rows", std::to_string(found.rows));
}

// While several other threads add, modify, remove, change and close sources of many kinds, another thread's changes of
// a watch of each kind, state, mode and interest are reported as if it were alone.
RULE(table, threads, .needs = Need::any_thread) {
    destroy();
    surroundings();
    std::size_t rows = 0;
    for (const auto source : sources_of_table()) {
        Search search(subject(), {source}, true);
        const BusyThreads busy(search.registrator(), capabilities(), {0, 1, 8, 11});
        for_each_state(search, source, capabilities(), [&](const State& state, const Column& column) {
            auto row = row_of(source, state);
            row.push_back(watching(source, Action::add, column, Thread::other));
            model::select(row, 2);
            if (!state.next.empty()) row.push_back(by(state.next[rows++ % state.next.size()], Thread::other));
            model::select(row, 2);
            row.push_back(watching(source, Action::modify, column, Thread::other));
            model::select(row, 2);
            row.push_back(by(on(source, Action::remove), Thread::other));
            model::select(row);
            row.push_back(on(source, Action::close));
            search.run(row);
        });
        expect(!search.is_over(), search.difference());
    }
    record("rows", std::to_string(rows));
}

void link_table_rules() {}

} // namespace pollux::conformance
