// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace pollux::bench {

/// Whom contenders tell that a source is readable.
class Handler {
  public:
    virtual void ready(std::size_t number) = 0;

  protected:
    ~Handler() = default;
};

} // namespace pollux::bench
