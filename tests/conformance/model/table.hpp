// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "states.hpp"
#include "trial.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pollux::conformance::model {

/// A Column of the table: what a row's watch requests. Each mode has all sets of readable, writable and priority, and
/// two with hints, which are ignored.
struct Column {
    Mode mode;
    Ready interest;
};
std::vector<Column> columns_of(const Capabilities& capabilities);

/// The sources of the table, one of each kind.
const std::vector<std::size_t>& sources_of_table();

/// A Table runs rows, sequences of operations, on one backend, each from fresh sources, and compares each step with
/// the model.
///
/// A row begins with closed sources, and closes those that it opens.
class Table {
  public:
    /// `sources`: those that the rows use. Errors: std::runtime_error if no Selector can be opened.
    Table(const Subject& subject, std::vector<std::size_t> sources);

    /// Returns the difference, the operation, and the shortest part of the row that has it; empty if there is none.
    /// After a difference the backend has a new Selector.
    std::string run(const Sequence& row);
    /// Does the same, with the whole row, and with the Selector as it is.
    std::string run_once(const Sequence& row);

    Registrator& registrator() { return trial_->registrator(); }

  private:
    void begin();

    const Subject& subject_;
    std::vector<std::size_t> sources_;
    std::chrono::nanoseconds limit_; // how long an expected event may take
    std::unique_ptr<Trial> trial_;
    std::uint64_t tokens_ = 0;
};

/// These return an operation of a row.
Operation on(std::size_t source, Action action, Thread thread = Thread::same);
Operation watching(std::size_t source, Action action, const Column& column, Thread thread = Thread::same);
/// Appends `count` calls of select().
void select(Sequence& row, int count = 1, std::size_t room = 64);

} // namespace pollux::conformance::model
