// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/poll.hpp>

#include <optional>
#include <string>
#include <system_error>

namespace pollux::loop {

/// A Refusal is a watch that a backend refused, and the error that it returned.
struct Refusal {
    Source source;
    Ready interest;
    Mode mode;
    std::error_code error;
};

/// Returns the backend as messages name it: with its stack and options, or as the given Selector.
///
/// Errors: std::bad_alloc
std::string backend_of(const Poll& poll);

/// Returns the capability that a watch needs and the Selector lacks; null if it lacks none.
const Capability* lacking_capability(const Capabilities& capabilities, Ready interest, Mode mode) noexcept;

/// Makes the exception for a refusal. Its text names the file descriptor, the backend and the reason.
///
/// Errors: std::bad_alloc
std::system_error refusal_error(const Poll& poll, const Refusal& refusal);

/// Makes the text on a backend that still reports a watch that has ended; `source` is none if it is not known.
///
/// Errors: std::bad_alloc
std::string lingering_text(const Poll& poll, std::optional<Source> source);

} // namespace pollux::loop
