// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/forwarding_selector.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace pollux::harness {

/// A Failing selects the call of a FailingSelector that fails, and counts its calls; it outlives the selector.
struct Failing {
    Failing(std::size_t failing, bool fails_later_calls) : index(failing), persists(fails_later_calls) {}

    const std::size_t index; // of the call that fails, from 0
    const bool persists;     // all later calls fail, too
    const std::error_code error = make_error_code(std::errc::not_enough_memory);
    std::atomic<std::size_t> calls = 0;

    std::error_code next() noexcept {
        const auto call = calls.fetch_add(1);
        return call == index || (persists && call > index) ? error : std::error_code();
    }
};

/// A FailingSelector wraps a Selector; its nth call fails without an effect. select(), add(), modify(), remove() and
/// wake() are counted together.
///
/// Threads: as Selector.
class FailingSelector final : public ForwardingSelector {
  public:
    FailingSelector(std::unique_ptr<Selector> inner, std::shared_ptr<Failing> failing)
        : ForwardingSelector(std::move(inner)), failing_(std::move(failing)) {}

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        error = failing_->next();
        return error ? std::span<const Event>() : ForwardingSelector::select(buffer, timeout, error);
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override {
        const auto error = failing_->next();
        return error ? error : ForwardingSelector::add(source, watch);
    }
    std::error_code modify(Source source, const Watch& watch) noexcept override {
        const auto error = failing_->next();
        return error ? error : ForwardingSelector::modify(source, watch);
    }
    std::error_code remove(Source source) noexcept override {
        const auto error = failing_->next();
        return error ? error : ForwardingSelector::remove(source);
    }
    std::error_code wake() noexcept override {
        const auto error = failing_->next();
        return error ? error : ForwardingSelector::wake();
    }

    std::shared_ptr<Failing> failing_;
};

} // namespace pollux::harness
