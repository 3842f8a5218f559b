// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace pollux::frozen {

/// Calls is an extension of the layer: it counts the calls of add(). No header of Pollux is in it.
class Calls {
  public:
    static constexpr char id[] = "frozen.calls/1";

    virtual std::size_t additions() const noexcept = 0;

  protected:
    Calls() = default;
    ~Calls() = default;
};

} // namespace pollux::frozen
