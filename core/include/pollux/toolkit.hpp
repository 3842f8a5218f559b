// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/plugin.hpp>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>

/// Functions that most plugins need: for authors of plugins.
namespace pollux::toolkit {

/// Returns the error with which Registrator::add() has to refuse `watch` whatever its source is, or no error.
[[nodiscard]] inline std::error_code validate(const Watch& watch, const Capabilities& capabilities) noexcept {
    if (is_reserved(watch.token)) return make_error_code(std::errc::invalid_argument);
    const bool is_offered = watch.mode == Mode::oneshot ? bool(capabilities.oneshot)
                            : watch.mode == Mode::level ? bool(capabilities.level)
                            : watch.mode == Mode::edge  ? bool(capabilities.edge)
                                                        : false;
    if (!is_offered || (any(watch.interest & Ready::priority) && !capabilities.priority))
        return make_error_code(std::errc::operation_not_supported);
    return {};
}

/// Implements Plugin::open: makes a Selector of type `T` and calls its `bool open(const OpenRequest&, OpenFailure&)`,
/// which fills in the failure and returns false if it fails. The result is then null. No exception leaves this
/// function, unless the plugin is compiled without exceptions: nothing in such a plugin may throw.
template <typename T>
std::unique_ptr<Selector> open_selector(const OpenRequest& request, OpenFailure& failure) noexcept {
#ifdef __cpp_exceptions
    try {
#endif
        std::unique_ptr<T> selector(new (std::nothrow) T);
        if (!selector) {
            failure.set(make_error_code(std::errc::not_enough_memory), "allocate");
        } else if (selector->open(request, failure)) {
            return selector;
        }
#ifdef __cpp_exceptions
    } catch (const std::bad_alloc&) {
        failure.set(make_error_code(std::errc::not_enough_memory), "allocate");
    } catch (const std::length_error&) {
        failure.set(make_error_code(std::errc::not_enough_memory), "allocate");
    } catch (const std::system_error& thrown) {
        failure.set(thrown.code().default_error_condition().category() == std::generic_category()
                        ? make_error_code(static_cast<std::errc>(thrown.code().default_error_condition().value()))
                        : make_error_code(std::errc::io_error),
                    thrown.what());
    } catch (...) {
        failure.set({}, "open", "it threw an exception of an unknown type");
    }
#endif
    return nullptr;
}

/// Returns the result of `call`, a std::error_code, or the error of an exception that leaves it: not_enough_memory for
/// std::bad_alloc and std::length_error, io_error for others. It converts nothing in a plugin that is compiled without
/// exceptions.
[[nodiscard]] std::error_code error_of(auto&& call) noexcept {
#ifdef __cpp_exceptions
    try {
#endif
        return call();
#ifdef __cpp_exceptions
    } catch (const std::bad_alloc&) {
        return make_error_code(std::errc::not_enough_memory);
    } catch (const std::length_error&) {
        return make_error_code(std::errc::not_enough_memory);
    } catch (...) {
        return make_error_code(std::errc::io_error);
    }
#endif
}

/// Returns a Plugin with the kind, rank, name and summary of `description`, which POLLUX_DESCRIBE_PLUGIN or
/// POLLUX_DESCRIBE_LAYER has defined:
///
///     const pollux::Plugin pollux_plugin = toolkit::plugin_of(pollux_description, open_selector<Mine>, &capabilities);
///
/// `capabilities`: null for a layer. What `capabilities` and `options` refer to lives as long as the program.
// Always inlined: the dynamic linker must not give a plugin the function of a program whose Plugin has more members.
[[gnu::always_inline]] inline Plugin plugin_of(const PluginDescription& description, decltype(Plugin::open) open,
                                               const Capabilities* capabilities,
                                               std::span<const Option> options = {}) noexcept {
    return {.kind = description.kind,
            .rank = description.rank,
            .name = description.name,
            .summary = description.summary,
            .capabilities = capabilities,
            .options = options.data(),
            .option_count = static_cast<std::uint32_t>(options.size()),
            .open = open};
}

/// Reads `count` from the value of the option `name`. If the value is not a number from `least` to `most`, returns
/// false and sets a sentence in `failure`: 'option "batch": expected a count from 1 to 4096, was given "many"'.
inline bool read_count(const OpenRequest& request, std::string_view name, std::uint32_t least, std::uint32_t most,
                       std::uint32_t& count, OpenFailure& failure) noexcept {
    const auto text = request.option(name);
    const auto* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, count);
    if (error == std::errc() && stopped == end && count >= least && count <= most) return true;
    char sentence[400];
    std::snprintf(sentence, sizeof sentence, "option \"%.*s\": expected a count from %lu to %lu, was given \"%.*s\"",
                  static_cast<int>(name.size()), name.data(), static_cast<unsigned long>(least),
                  static_cast<unsigned long>(most), static_cast<int>(text.size() > 200 ? 200 : text.size()),
                  text.data());
    failure.set(make_error_code(std::errc::invalid_argument), {}, sentence);
    return false;
}

} // namespace pollux::toolkit
