// SPDX-License-Identifier: BSL-1.0
#ifdef _WIN32
#include "file_system.hpp"

#include <fstream>
#include <new>
#include <string_view>
#include <utility>

#define WIN32_LEAN_AND_MEAN
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

namespace pollux {

namespace fs = std::filesystem;

std::error_code list_folder(const fs::path& folder, std::vector<std::string>& names) {
    const auto last_error = [] { return std::error_code(static_cast<int>(GetLastError()), std::system_category()); };
    WIN32_FIND_DATAW entry{};
    const HANDLE search = FindFirstFileW((folder / "*").c_str(), &entry);
    if (search == INVALID_HANDLE_VALUE) {
        const auto error = last_error();
        const int code = error.value();
        if (code == ERROR_NOT_ENOUGH_MEMORY) throw std::bad_alloc();
        const bool is_absent = code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND || code == ERROR_DIRECTORY;
        return is_absent ? make_error_code(std::errc::no_such_file_or_directory) : error;
    }
    struct Closer {
        HANDLE search;
        ~Closer() { FindClose(search); }
    } const closer{search};
    do {
        const std::wstring_view name = entry.cFileName;
        // A name that is not ASCII is no plugin's name, and may have no narrow form.
        if (name == L"." || name == L".." || name.find_first_of(L'\0') != name.npos) continue;
        std::string narrow;
        for (const wchar_t letter : name) narrow += letter > 0 && letter < 0x80 ? static_cast<char>(letter) : '?';
        names.push_back(std::move(narrow));
    } while (FindNextFileW(search, &entry));
    return GetLastError() == ERROR_NO_MORE_FILES ? std::error_code() : last_error();
}

std::string identity_of(const fs::path& folder) {
    std::error_code error;
    const auto resolved = fs::canonical(folder, error);
    return (error ? folder : resolved).string();
}

bool others_can_write(const fs::path&) { return false; } // no process is privileged here

OpenFile OpenFile::open(const fs::path& file, std::string& refusal) {
    OpenFile opened;
    std::error_code error;
    const auto status = fs::status(file, error);
    if (!fs::exists(status)) {
        refusal = error ? error.message() : "no such file";
    } else if (!fs::is_regular_file(status)) {
        refusal = "not a regular file";
    } else {
        opened.path_ = file;
        opened.size_ = fs::file_size(file, error);
        if (error) refusal = error.message();
    }
    return opened;
}

OpenFile OpenFile::open_trusted(const fs::path& file, std::string& refusal) { return open(file, refusal); }

OpenFile::OpenFile(OpenFile&& other) noexcept = default;
OpenFile& OpenFile::operator=(OpenFile&& other) noexcept = default;
OpenFile::~OpenFile() = default;

bool OpenFile::read(std::uint64_t offset, void* bytes, std::size_t count) const {
    std::ifstream stream(path_, std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(offset));
    stream.read(static_cast<char*>(bytes), static_cast<std::streamsize>(count));
    return static_cast<bool>(stream);
}

fs::path OpenFile::path_for_loader(std::string&) const { return path_; }

bool is_open(Source) noexcept { return true; }

} // namespace pollux
#endif
