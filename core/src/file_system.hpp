// SPDX-License-Identifier: BSL-1.0
// Folders and files, where std::filesystem will not do: libstdc++ 12 lists folders in functions that allocate below
// noexcept (decision 23), and it can neither keep a file open nor tell who may change it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace pollux {

/// The names of the entries of a folder, in no order, "." and ".." left out.
/// Errors: those of the system, with the names that were read before; std::bad_alloc.
std::error_code list_folder(const std::filesystem::path& folder, std::vector<std::string>& names);

/// Equal for two paths exactly if they lead to one folder; a path that leads nowhere stands for itself.
std::string identity_of(const std::filesystem::path& folder);

/// Whether a file or folder can be changed by anybody whom a privileged process cannot trust: all but root and, in a
/// set-uid process, its effective user. True as well of what cannot be looked at.
bool others_can_write(const std::filesystem::path& path);

/// A regular file, open for reading; closed on exec and when this is destroyed.
class OpenFile {
  public:
    /// Opens a file. `refusal` is what is wrong with it, and then nothing is open; empty if nothing is.
    static OpenFile open(const std::filesystem::path& file, std::string& refusal);

    /// Opens a file for a privileged process: refuses it if others can write the file or a folder on the way to it,
    /// from the root on, links resolved. What is open afterwards is what was checked, whatever happens to the path.
    static OpenFile open_trusted(const std::filesystem::path& file, std::string& refusal);

    OpenFile() = default;
    OpenFile(OpenFile&& other) noexcept;
    OpenFile& operator=(OpenFile&& other) noexcept;
    ~OpenFile();

    std::uint64_t size() const noexcept { return size_; } // bytes

    /// Reads `count` bytes from `offset` on. False if the file does not have them, or on an error.
    bool read(std::uint64_t offset, void* bytes, std::size_t count) const;

    /// A path by which the system's loader gets this very file: different for each call, as the loader takes two
    /// objects of one path for one. Empty, with the reason, if there is none.
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

} // namespace pollux
