// SPDX-License-Identifier: BSL-1.0
#include "calls.hpp"

#include "describe.hpp"

#include <algorithm>

namespace pollux::conformance {
namespace {

std::string text_of(const Call& call) {
    const auto source = std::to_string(static_cast<std::intmax_t>(call.source));
    const auto watch = ", " + describe(call.watch);
    switch (call.kind) {
    case Call::Kind::add:
        return "add(" + source + watch + "): " + describe(call.error);
    case Call::Kind::modify:
        return "modify(" + source + watch + "): " + describe(call.error);
    case Call::Kind::remove:
        return "remove(" + source + "): " + describe(call.error);
    case Call::Kind::wake:
        return "wake(): " + describe(call.error);
    case Call::Kind::select:
        break;
    }
    auto text = "select(room for " + std::to_string(call.capacity) + ", " + describe(call.timeout) + "): ";
    if (call.error) return text + describe(call.error);
    const auto shown = std::min(call.count, call.events.size());
    text += describe(std::span(call.events).first(shown));
    if (shown < call.count) text += " ... (" + std::to_string(call.count) + " events)";
    return text;
}

} // namespace

void CallLog::add(const Call& call) noexcept {
    if (is_used_.test_and_set(std::memory_order_acquire)) return;
    auto& kept = calls_[count_ % most];
    kept = call;
    kept.ended = std::chrono::steady_clock::now();
    ++count_;
    is_used_.clear(std::memory_order_release);
}

std::string CallLog::text(std::chrono::steady_clock::time_point now) const {
    std::string text;
    const auto [calls, count] = copy();
    for (std::size_t i = count - std::min(count, most); i < count; ++i) {
        const auto& call = calls[i % most];
        text += "\n    " + describe(std::max(now, call.begun) - call.begun) + " ago: " + text_of(call) + ", took " +
                describe(call.ended - call.begun);
    }
    return text;
}

std::string CallLog::last_select() const {
    const auto [calls, count] = copy();
    for (std::size_t i = count; i > count - std::min(count, most); --i) {
        const auto& call = calls[(i - 1) % most];
        if (call.kind == Call::Kind::select) return "select() took " + describe(call.ended - call.begun);
    }
    return {};
}

CallLog::Copy CallLog::copy() const {
    // A process that ended in add() leaves the flag set, and at most one call that is not complete: the next one.
    const bool is_free = !is_used_.test_and_set(std::memory_order_acquire);
    Copy copy{calls_, count_};
    if (is_free) is_used_.clear(std::memory_order_release);
    return copy;
}

} // namespace pollux::conformance
