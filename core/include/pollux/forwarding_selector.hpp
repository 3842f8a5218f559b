// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/selector.hpp>

#include <memory>
#include <utility>

namespace pollux {

/// A ForwardingSelector passes each call to another Selector: a base class for layers, which override what they change.
///
/// extension() is not forwarded, since a call past a layer would bypass it: a layer returns the extensions that it
/// understands.                                                                         [layer.unknown_extension]
class ForwardingSelector : public Selector, protected Registrator {
  public:
    Registrator& registrator() noexcept override { return *this; }
    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        return inner_->select(buffer, timeout, error);
    }
    const Capabilities& capabilities() const noexcept override { return inner_->capabilities(); }

  protected:
    /// `inner`: not null.
    explicit ForwardingSelector(std::unique_ptr<Selector> inner) noexcept : inner_(std::move(inner)) {}

    [[nodiscard]] std::error_code add(Source source, const Watch& watch) noexcept override {
        return inner_->registrator().add(source, watch);
    }
    [[nodiscard]] std::error_code modify(Source source, const Watch& watch) noexcept override {
        return inner_->registrator().modify(source, watch);
    }
    [[nodiscard]] std::error_code remove(Source source) noexcept override {
        return inner_->registrator().remove(source);
    }
    [[nodiscard]] std::error_code wake() noexcept override { return inner_->registrator().wake(); }

    Selector& inner() const noexcept { return *inner_; }

  private:
    std::unique_ptr<Selector> inner_;
};

} // namespace pollux
