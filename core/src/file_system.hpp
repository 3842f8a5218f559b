// SPDX-License-Identifier: BSL-1.0
// Functions for folders and files that std::filesystem lacks: libstdc++ 12 lists folders in functions that allocate
// below noexcept (decision 23), and it can neither keep a file open nor find out which users may change it.
#pragma once

#include <pollux/event.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace pollux {

/// Appends the names of the entries of a folder to `names`, in no order, without "." and "..".
/// Errors: those of the system, with the names that were read before; std::bad_alloc.
std::error_code list_folder(const std::filesystem::path& folder, std::vector<std::string>& names);

/// Returns a text that is equal for two paths if and only if they lead to the same folder; for a path that leads
/// nowhere, the path.
std::string identity_of(const std::filesystem::path& folder);

/// Returns whether users whom a privileged process cannot trust can change a file or folder: all but root and, in a
/// set-uid process, its effective user. True as well if its status cannot be read.
bool others_can_write(const std::filesystem::path& path);

/// An OpenFile is a regular file that is open for reading. Its destructor closes it, and so does exec.
class OpenFile {
  public:
    /// Opens a file. On failure `refusal` states what is wrong with it, and nothing is open.
    static OpenFile open(const std::filesystem::path& file, std::string& refusal);

    /// Opens a file for a privileged process: refuses it if others can write the file or a folder on the way to it,
    /// from the root on, links resolved. The file that is open afterwards is the one that was checked, even if the path
    /// is changed.
    static OpenFile open_trusted(const std::filesystem::path& file, std::string& refusal);

    OpenFile() = default;
    OpenFile(OpenFile&& other) noexcept;
    OpenFile& operator=(OpenFile&& other) noexcept;
    ~OpenFile();

    std::uint64_t size() const noexcept { return size_; } // bytes

    /// Reads `count` bytes from `offset` on. Returns false if the file does not have them, or on an error.
    bool read(std::uint64_t offset, void* bytes, std::size_t count) const;

    /// Returns a path by which the system's loader gets this very file: different for each call, as the loader takes
    /// two objects of one path for one. Returns an empty path if there is none, and then `refusal` states why.
    std::filesystem::path path_for_loader(std::string& refusal) const;

  private:
#ifdef _WIN32
    std::filesystem::path path_;
#else
    int descriptor_ = -1;
    std::filesystem::path path_; // links resolved, if the file is trusted
#endif
    std::uint64_t size_ = 0;
};

/// Returns whether a source is an open descriptor. On Windows, where handles are not numbered from the lowest free one
/// on, it is taken for open.
bool is_open(Source source) noexcept;

} // namespace pollux
