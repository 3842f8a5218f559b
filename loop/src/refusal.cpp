// SPDX-License-Identifier: BSL-1.0
#include "refusal.hpp"

#include <string>

namespace pollux::loop {
namespace {

const Capability& capability_of(const Capabilities& capabilities, Mode mode) noexcept {
    if (mode == Mode::edge) return capabilities.edge;
    return mode == Mode::level ? capabilities.level : capabilities.oneshot;
}

const char* name_of(Mode mode) noexcept {
    if (mode == Mode::edge) return "edge";
    return mode == Mode::level ? "level" : "oneshot";
}

std::string name_of(Source source) {
#ifdef _WIN32
    constexpr auto kind = "socket ";
#else
    constexpr auto kind = "file descriptor ";
#endif
    return kind + std::to_string(source);
}

/// Returns the reason for a refusal, as far as the capabilities or the error show one; null if the error is all.
const char* reason_of(const Capabilities& capabilities, const Refusal& refusal) noexcept {
    const auto reason_or = [](const Capability& capability, const char* otherwise) {
        return *capability.reason != '\0' ? capability.reason : otherwise;
    };
    if (refusal.error == std::errc::file_exists) return "another watch of this Loop has it";
    if (const auto* lacking = lacking_capability(capabilities, refusal.interest, refusal.mode)) {
        const bool lacks_mode = !capability_of(capabilities, refusal.mode);
        return reason_or(*lacking, lacks_mode ? "it does not offer this mode" : "it does not report Ready::priority");
    }
    if (refusal.error == std::errc::operation_not_permitted && !capabilities.files)
        return reason_or(capabilities.files, "it does not watch files and directories");
    if (refusal.error == std::errc::operation_not_supported && !capabilities.pipes)
        return reason_or(capabilities.pipes, "it does not watch pipes");
    return nullptr;
}

} // namespace

std::string backend_of(const Poll& poll) {
    const auto& choice = poll.choice();
    return choice.backend ? "the backend \"" + escaped(choice.stack()) + '"' : "the given Selector";
}

const Capability* lacking_capability(const Capabilities& capabilities, Ready interest, Mode mode) noexcept {
    if (const auto& needed = capability_of(capabilities, mode); !needed) return &needed;
    if (any(interest & Ready::priority) && !capabilities.priority) return &capabilities.priority;
    return nullptr;
}

std::system_error refusal_error(const Poll& poll, const Refusal& refusal) {
    auto text = "pollux::loop::Loop: " + backend_of(poll) + " refuses to watch " + name_of(refusal.source) +
                " in mode " + name_of(refusal.mode);
    if (const auto* reason = reason_of(poll.capabilities(), refusal)) text += ": " + escaped(reason);
    return std::system_error(refusal.error, text);
}

std::string lingering_text(const Poll& poll, std::optional<Source> source) {
    return "pollux::loop::Loop: " + backend_of(poll) + " still reports " + (source ? name_of(*source) : "a source") +
           " after its watch has ended: it was closed while registered, and a duplicate keeps its file open";
}

} // namespace pollux::loop
