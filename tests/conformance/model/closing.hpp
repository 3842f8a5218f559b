// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../sources.hpp"
#include "kinds.hpp"

namespace pollux::conformance::model {

/// Closes a source; a source that takes long to close is closed a little later, by another thread.
void close_source(Source source, Nature nature);

} // namespace pollux::conformance::model
