// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cstdint>

#ifndef _WIN32
#include <sys/stat.h>
#endif

namespace pollux::loop {

/// A FileIdentity tells the file behind a descriptor from another that was given the same number later.
///
/// Unknown, which is equal to itself, where the system does not tell files apart: of a Windows socket, and of what
/// Linux keeps under one inode for all, such as eventfd(2) and timerfd(2). Two opens of one file or device are the
/// same.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;

    bool operator==(const FileIdentity&) const noexcept = default;
    bool is_known() const noexcept { return device != 0 || inode != 0; }
};

/// One fstat(2), none under Windows. Unknown if the descriptor is not open.
inline FileIdentity identity_of([[maybe_unused]] Source source) noexcept {
#ifndef _WIN32
    struct stat file;
    // An inode that is shared by files without names has no type.
    if (fstat(source, &file) == 0 && (file.st_mode & S_IFMT) != 0 && file.st_ino != 0)
        return {static_cast<std::uint64_t>(file.st_dev), static_cast<std::uint64_t>(file.st_ino)};
#endif
    return {};
}

} // namespace pollux::loop
