// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/resource.h>

namespace pollux::conformance {

/// Lowers a limit of this process, such as RLIMIT_NOFILE, to zero while it exists.
class LoweredLimit {
  public:
    explicit LoweredLimit(int resource) : resource_(resource) {
        getrlimit(resource_, &before_);
        rlimit none = before_;
        none.rlim_cur = 0;
        setrlimit(resource_, &none);
    }
    ~LoweredLimit() { setrlimit(resource_, &before_); }
    LoweredLimit(const LoweredLimit&) = delete;
    LoweredLimit& operator=(const LoweredLimit&) = delete;

  private:
    const int resource_;
    rlimit before_{};
};

} // namespace pollux::conformance
