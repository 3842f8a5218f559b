// SPDX-License-Identifier: BSL-1.0
#include "loaded_plugin.hpp"

#include <pollux/open.hpp>

#include <exception>
#include <utility>

namespace pollux {
namespace {

/// Destroys the Selector of a layer that has not moved from its inner Selector, and may refer to it: it goes first.
std::unique_ptr<Selector> refuse(std::unique_ptr<Selector> selector, std::unique_ptr<Selector>& inner,
                                 OpenFailure& failure) noexcept {
    if (selector == inner) static_cast<void>(inner.release()); // the layer has returned it and kept it, too
    selector.reset();
    inner.reset();
    failure.set(make_error_code(std::errc::operation_not_supported), {},
                "the layer returned a Selector and did not move from its inner one");
    return nullptr;
}

std::unique_ptr<Selector> open_with_options(const FoundPlugin& plugin, std::unique_ptr<Selector>* inner,
                                            OpenFailure& failure) noexcept try {
    std::vector<OptionValue> values;
    values.reserve(plugin.options.size());
    for (const auto& option : plugin.options) values.push_back({option.name.c_str(), option.value.c_str()});
    OpenRequest request;
    request.option_count = static_cast<std::uint32_t>(values.size());
    request.options = values.data();
    request.inner = inner;
    auto selector = plugin.loaded->open(request, failure);
    if (!selector) return nullptr;
    failure.set({}, {});
    if (inner && *inner) return refuse(std::move(selector), *inner, failure);
    return selector;
} catch (const std::exception&) { // bad_alloc, or length_error of the vector
    failure.set(make_error_code(std::errc::not_enough_memory), "allocate");
    return nullptr;
}

} // namespace

std::unique_ptr<Selector> FoundPlugin::open(OpenFailure& failure) const noexcept {
    failure.set({}, {});
    if (loaded && !is_layer) return open_with_options(*this, nullptr, failure);
    failure.set(make_error_code(std::errc::operation_not_supported), {},
                loaded ? "a layer is opened around a Selector" : "the plugin is not loaded");
    return nullptr;
}

std::unique_ptr<Selector> FoundPlugin::open_around(std::unique_ptr<Selector> inner,
                                                   OpenFailure& failure) const noexcept {
    failure.set({}, {});
    if (loaded && is_layer && inner) return open_with_options(*this, &inner, failure);
    failure.set(make_error_code(std::errc::operation_not_supported), {},
                !loaded     ? "the plugin is not loaded"
                : !is_layer ? "a backend is not opened around a Selector"
                            : "there is no Selector to open the layer around");
    return nullptr;
}

} // namespace pollux
