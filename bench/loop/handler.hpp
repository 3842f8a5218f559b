// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace pollux::bench {

/// A Handler receives the readable sources from contenders.
class Handler {
  public:
    Handler() = default;
    virtual ~Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;

    virtual void ready(std::size_t number) = 0;
};

} // namespace pollux::bench
