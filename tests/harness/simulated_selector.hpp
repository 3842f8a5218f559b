// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "offers_all.hpp"

#include <pollux/selector.hpp>
#include <pollux/time/clock.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

namespace pollux::harness {

/// A Simulation is the clock of a SimulatedSelector, which the test moves, too, and the arrivals. It outlives the
/// selector.
class Simulation final : public time::ClockSource {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// Begins a hundred years after the epoch, far from the time of the steady clock.
    Time now() const noexcept override { return now_; }
    /// Time passes, as in a callback that takes long.
    void advance(std::chrono::nanoseconds time) noexcept { now_ = after(time); }
    /// Makes a source ready at a time: a select() whose watch of it is armed then reports it, once.
    void arrives(Time time, Source source) { arrivals_.emplace(time, source); }

    std::size_t selects = 0;
    std::size_t sleeps = 0; // select() calls that moved the time
    bool has_clock = true;  // offered as an extension
    bool is_woken = false;

  private:
    friend class SimulatedSelector;
    Time after(std::chrono::nanoseconds time) const noexcept {
        return time < Time::max() - now_ ? now_ + time : Time::max();
    }

    Time now_{std::chrono::hours(100 * 365 * 24)};
    std::multimap<Time, Source> arrivals_;
};

/// A SimulatedSelector sleeps in no time: a select() with nothing to report moves the time of its Simulation on by
/// exactly the timeout, or up to the first arrival, and returns. All of it is in one thread.
class SimulatedSelector final : public Selector, private Registrator {
  public:
    explicit SimulatedSelector(std::shared_ptr<Simulation> simulation) : simulation_(std::move(simulation)) {}

    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return offers_all; }
    void* extension(const char* id) noexcept override {
        const bool is_clock = simulation_->has_clock && id == std::string_view(time::ClockSource::id);
        return is_clock ? static_cast<time::ClockSource*>(simulation_.get()) : nullptr;
    }

    /// A sleep that nothing would end returns resource_deadlock_would_occur.
    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        ++simulation_->selects;
        error = {};
        if (const auto count = report(buffer)) return buffer.first(count);
        auto& arrivals = simulation_->arrivals_;
        if (!timeout && arrivals.empty()) {
            error = make_error_code(std::errc::resource_deadlock_would_occur);
            return {};
        }
        if (timeout && *timeout <= timeout->zero()) return {};
        auto end = timeout ? simulation_->after(*timeout) : Simulation::Time::max();
        if (!arrivals.empty()) end = std::min(end, arrivals.begin()->first);
        simulation_->now_ = end;
        ++simulation_->sleeps;
        return buffer.first(report(buffer));
    }

  private:
    /// Fills the buffer with the wake and the arrivals up to now; returns their number.
    std::size_t report(std::span<Event> buffer) noexcept {
        std::size_t count = 0;
        if (std::exchange(simulation_->is_woken, false)) buffer[count++] = {wake_token, Ready::none};
        auto& arrivals = simulation_->arrivals_;
        while (count < buffer.size() && !arrivals.empty() && arrivals.begin()->first <= simulation_->now_) {
            const auto watched = watches_.find(arrivals.begin()->second);
            if (watched != watches_.end() && any(watched->second.interest)) {
                auto& watch = watched->second;
                buffer[count++] = {watch.token, watch.interest};
                if (watch.mode == Mode::oneshot) watch.interest = Ready::none; // spent
            }
            arrivals.erase(arrivals.begin());
        }
        return count;
    }

    std::error_code add(Source source, const Watch& watch) noexcept override {
        watches_[source] = watch;
        return {};
    }
    std::error_code modify(Source source, const Watch& watch) noexcept override { return add(source, watch); }
    std::error_code remove(Source source) noexcept override {
        watches_.erase(source);
        return {};
    }
    std::error_code wake() noexcept override {
        simulation_->is_woken = true;
        return {};
    }

    std::shared_ptr<Simulation> simulation_;
    std::map<Source, Watch> watches_;
};

} // namespace pollux::harness
