// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/selector.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace pollux::core_tests {

/// What a ScriptedSelector was asked; outlives it.
struct Record {
    std::vector<Timeout> timeouts; // of each select()
    int wakes = 0;
    bool destroyed = false;
};

/// A Selector that does what the test says: no kernel, no sleep, no thread.
class ScriptedSelector final : public Selector, private Registrator {
  public:
    struct Answer {
        std::vector<Event> events = {};
        std::error_code error = {};
    };
    /// Called by each select(), with how many there were before.
    using Script = std::function<Answer(std::size_t)>;

    ScriptedSelector(std::shared_ptr<Record> record, Script script)
        : record_(std::move(record)), script_(std::move(script)) {}
    ~ScriptedSelector() override { record_->destroyed = true; }

    Registrator& registrator() noexcept override { return *this; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        const auto answer = script_(record_->timeouts.size());
        record_->timeouts.push_back(timeout);
        error = answer.error;
        const auto count = std::min(buffer.size(), answer.events.size());
        std::copy_n(answer.events.begin(), count, buffer.begin());
        return buffer.first(count);
    }

  private:
    std::error_code add(Source, const Watch&) noexcept override { return {}; }
    std::error_code modify(Source, const Watch&) noexcept override { return {}; }
    std::error_code remove(Source) noexcept override { return {}; }
    std::error_code wake() noexcept override {
        ++record_->wakes;
        return {};
    }

    std::shared_ptr<Record> record_;
    Script script_;
};

} // namespace pollux::core_tests
