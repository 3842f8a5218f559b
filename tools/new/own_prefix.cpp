// SPDX-License-Identifier: BSL-1.0
#include "new/own_prefix.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

#if defined(_WIN32)
#include <windows.h>
#elif defined(__APPLE__)
#include <mach-o/dyld.h>
#elif defined(__FreeBSD__)
#include <sys/sysctl.h>
#include <sys/types.h>
#endif

namespace pollux::tools {
namespace {

namespace fs = std::filesystem;

/// Returns the file of this program, links resolved; empty if the system does not report it.
fs::path own_file() {
    std::error_code error;
#if defined(_WIN32)
    std::array<wchar_t, 32768> name{};
    const auto size = GetModuleFileNameW(nullptr, name.data(), static_cast<DWORD>(name.size()));
    return fs::canonical(fs::path(std::wstring(name.data(), size)), error);
#elif defined(__APPLE__)
    std::array<char, 4096> name{};
    auto size = static_cast<std::uint32_t>(name.size());
    if (_NSGetExecutablePath(name.data(), &size) != 0) return {};
    return fs::canonical(name.data(), error);
#elif defined(__FreeBSD__)
    std::array<int, 4> query{CTL_KERN, KERN_PROC, KERN_PROC_PATHNAME, -1};
    std::array<char, 4096> name{};
    auto size = name.size();
    if (sysctl(query.data(), query.size(), name.data(), &size, nullptr, 0) != 0) return {};
    return fs::canonical(name.data(), error);
#else
    return fs::canonical("/proc/self/exe", error);
#endif
}

} // namespace

Prefix own_prefix() {
    const fs::path programs = POLLUX_PROGRAMS, libraries = POLLUX_LIBRARIES; // below the prefix, or absolute
    if (programs.is_absolute() || libraries.is_absolute()) return {};
    auto folder = own_file().parent_path();
    for (const auto& part : programs) {
        if (folder.filename() != part) return {};
        folder = folder.parent_path();
    }
    std::error_code error;
    if (!fs::exists(folder / libraries / "cmake" / "pollux" / "polluxConfig.cmake", error)) return {};
#ifdef _WIN32
    return {folder, false};
#else
    // CMAKE_SYSTEM_PREFIX_PATH of CMake on these systems.
    constexpr std::array searched{"/usr", "/usr/local"};
    return {folder, std::ranges::find(searched, folder) != searched.end()};
#endif
}

} // namespace pollux::tools
