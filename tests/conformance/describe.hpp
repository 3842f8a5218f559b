// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>
#include <pollux/open_failure.hpp>

#include <chrono>
#include <span>
#include <string>
#include <system_error>

/// Readable descriptions of events, conditions, modes and errors.
namespace pollux::conformance {

std::string describe(Ready ready);
std::string describe(const Event& event);
std::string describe(std::span<const Event> events);
std::string describe(Mode mode);
std::string describe(const Watch& watch);
/// A duration with three digits and its unit: "12.3 ms".
std::string describe(std::chrono::nanoseconds time);
/// A duration to the nanosecond: "20.000001 ms".
std::string exact_milliseconds(std::chrono::nanoseconds time);
std::string describe(Timeout timeout);
std::string describe(const std::error_code& error);
std::string describe(const OpenFailure& failure);

} // namespace pollux::conformance
