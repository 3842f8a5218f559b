// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cstdint>

#ifndef _WIN32
#include <sys/stat.h>
#endif

namespace pollux::loop {

/// A FileIdentity distinguishes the file of a file descriptor from another file for which the descriptor was reused.
///
/// It is unknown, and equal to other unknown ones, where the system does not distinguish files: for Windows sockets,
/// and for files that share one inode under Linux, such as those of eventfd(2) and timerfd(2). Two opens of one file or
/// device have the same.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;

    bool operator==(const FileIdentity&) const noexcept = default;
    bool is_known() const noexcept { return device != 0 || inode != 0; }
};

/// Calls fstat(2) once, not under Windows. Returns an unknown identity if the file descriptor is not open.
inline FileIdentity identity_of([[maybe_unused]] Source source) noexcept {
#ifndef _WIN32
    struct stat file;
    // An inode that anonymous files share has no type.
    if (fstat(source, &file) == 0 && (file.st_mode & S_IFMT) != 0 && file.st_ino != 0)
        return {static_cast<std::uint64_t>(file.st_dev), static_cast<std::uint64_t>(file.st_ino)};
#endif
    return {};
}

} // namespace pollux::loop
