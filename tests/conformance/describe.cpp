// SPDX-License-Identifier: BSL-1.0
#include "describe.hpp"

#include <algorithm>
#include <array>
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
    for (const auto& event : events.first(std::min<std::size_t>(events.size(), 12))) text += describe(event) + " ";
    return events.size() > 12 ? text + "... (" + std::to_string(events.size()) + " events)" : text;
}

std::string describe(Mode mode) {
    return mode == Mode::oneshot ? "oneshot" : mode == Mode::level ? "level" : mode == Mode::edge ? "edge" : "no mode";
}

std::string describe(const std::error_code& error) { return error ? error.message() : "success"; }

std::string describe(const OpenFailure& failure) {
    auto text = std::string(failure.step()) + ": " + describe(failure.error());
    if (!failure.sentence().empty()) text += ": " + std::string(failure.sentence());
    return text;
}

} // namespace pollux::conformance
