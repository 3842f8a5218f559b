// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "offers_all.hpp"

#include <pollux/selector.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace pollux::harness {

/// A Change is a call of a ScriptedSelector's Registrator.
struct Change {
    enum class Kind { add, modify, remove };
    Kind kind;
    Source source;
    Watch watch = {Token{0}, Ready::none}; // of add and modify
};

/// A Record has the calls of a ScriptedSelector; it outlives the selector.
struct Record {
    std::vector<Timeout> timeouts; // of each select()
    std::vector<Change> changes;
    int wakes = 0;
    bool destroyed = false;
    /// Returns the results of its Registrator's calls; if empty, they succeed.
    std::function<std::error_code(const Change&)> result = {};
    std::error_code wake_error = {};
};

/// A ScriptedSelector returns the events and errors that the test sets, without kernel, sleep or thread.
class ScriptedSelector final : public Selector, private Registrator {
  public:
    /// An Answer is what one select() returns.
    struct Answer {
        std::vector<Event> events = {};
        std::error_code error = {};
    };
    /// Called by each select() with the number of earlier ones.
    using Script = std::function<Answer(std::size_t)>;

    ScriptedSelector(std::shared_ptr<Record> record, Script script)
        : record_(std::move(record)), script_(std::move(script)) {}
    ~ScriptedSelector() override { record_->destroyed = true; }

    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return offers_all; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        const auto before = record_->timeouts.size();
        record_->timeouts.push_back(timeout);
        const auto answer = script_(before);
        error = answer.error;
        const auto count = std::min(buffer.size(), answer.events.size());
        std::copy_n(answer.events.begin(), count, buffer.begin());
        return buffer.first(count);
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override {
        return note({Change::Kind::add, source, watch});
    }
    std::error_code modify(Source source, const Watch& watch) noexcept override {
        return note({Change::Kind::modify, source, watch});
    }
    std::error_code remove(Source source) noexcept override { return note({Change::Kind::remove, source}); }
    std::error_code wake() noexcept override {
        ++record_->wakes;
        return record_->wake_error;
    }

    std::error_code note(const Change& change) noexcept {
        record_->changes.push_back(change);
        return record_->result ? record_->result(change) : std::error_code();
    }

    std::shared_ptr<Record> record_;
    Script script_;
};

} // namespace pollux::harness
