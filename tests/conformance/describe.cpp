// SPDX-License-Identifier: BSL-1.0
#include "describe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace pollux::conformance {

std::string describe(Ready ready) {
    static constexpr std::array<std::pair<Ready, const char*>, 6> names{{{Ready::readable, "readable"},
                                                                         {Ready::writable, "writable"},
                                                                         {Ready::priority, "priority"},
                                                                         {Ready::closed, "closed"},
                                                                         {Ready::failed, "failed"},
                                                                         {Ready::expired, "expired"}}};
    std::string text;
    for (const auto& [member, name] : names) {
        if (any(ready & member)) text += (text.empty() ? "" : "|") + std::string(name);
    }
    return text.empty() ? "none" : text;
}

std::string describe(const Event& event) {
    const bool is_wake = event.token == wake_token;
    return "{" + (is_wake ? "wake" : "token " + std::to_string(static_cast<std::uint64_t>(event.token))) + ", " +
           describe(event.ready) + "}";
}

std::string describe(std::span<const Event> events) {
    std::string text = events.empty() ? "no event" : "";
    for (const auto& event : events.first(std::min<std::size_t>(events.size(), 12)))
        text += (text.empty() ? "" : " ") + describe(event);
    return events.size() > 12 ? text + " ... (" + std::to_string(events.size()) + " events)" : text;
}

std::string describe(Mode mode) {
    return mode == Mode::oneshot ? "oneshot" : mode == Mode::level ? "level" : mode == Mode::edge ? "edge" : "no mode";
}

std::string describe(const Watch& watch) {
    return "{token " + std::to_string(static_cast<std::uint64_t>(watch.token)) + ", " + describe(watch.interest) +
           ", " + describe(watch.mode) + "}";
}

std::string describe(std::chrono::nanoseconds time) {
    const auto count = static_cast<double>(time.count());
    const auto size = std::abs(count);
    std::array<char, 32> text{};
    const auto print = [&](double value, const char* unit) {
        std::snprintf(text.data(), text.size(), "%.3g %s", value, unit);
        return std::string(text.data());
    };
    if (size < 1e3) return print(count, "ns");
    if (size < 1e6) return print(count / 1e3, "us");
    if (size < 1e9) return print(count / 1e6, "ms");
    return size < 999e9 ? print(count / 1e9, "s") : std::to_string(time.count() / 1'000'000'000) + " s";
}

std::string exact_milliseconds(std::chrono::nanoseconds time) {
    return std::to_string(std::chrono::duration<double, std::milli>(time).count()) + " ms";
}

std::string describe(Timeout timeout) { return timeout ? describe(*timeout) : "forever"; }

std::string describe(const std::error_code& error) { return error ? error.message() : "success"; }

std::string describe(const OpenFailure& failure) {
    auto text = std::string(failure.step()) + ": " + describe(failure.error());
    if (!failure.sentence().empty()) text += ": " + std::string(failure.sentence());
    return text;
}

} // namespace pollux::conformance
