// SPDX-License-Identifier: BSL-1.0
#include <pollux/net/owned_source.hpp>

#include "system.hpp"

namespace pollux::net {

void OwnedSource::close() noexcept {
    const auto source = release();
    if (source != none) system::close(source);
}

} // namespace pollux::net
