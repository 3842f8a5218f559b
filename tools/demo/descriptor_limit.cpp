// SPDX-License-Identifier: BSL-1.0
#include "descriptor_limit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>

#ifndef _WIN32
#include <cerrno>
#include <sys/resource.h>
#endif

namespace pollux::tools {

#ifdef _WIN32

void require_descriptors(std::size_t) {} // Windows has no limit to raise

#else

void require_descriptors(std::size_t needed) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1) throw std::system_error(errno, std::system_category(), "getrlimit");
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed) return;
    const rlim_t allowed = limit.rlim_max;
    // Only the superuser may exceed the hard limit; other users get the error.
    const rlimit raised{needed, std::max<rlim_t>(needed, allowed)};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return;
    throw std::runtime_error(
        fmt::format("{} open descriptors are needed, but the limit of this process is {} (ulimit -Hn); "
                    "use fewer --connections or raise the limit",
                    needed, static_cast<unsigned long long>(allowed)));
}

#endif

} // namespace pollux::tools
