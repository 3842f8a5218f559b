// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/capabilities.hpp>
#include <pollux/selector.hpp>

#include <cstdint>
#include <memory>
#include <version>

/// What a plugin exports: for plugin authors only, programs include <pollux/open.hpp> or <pollux/poll.hpp>.
///
/// A plugin is a shared object that defines one symbol, `pollux_plugin`, and links `pollux::interface`, which is
/// headers only. docs/writing-a-plugin.md goes through it step by step.
namespace pollux {

/// Raised by every change of a type that crosses the line between program and plugin.
inline constexpr std::uint32_t interface_version = 1;

/// What decides whether two binaries agree on vtables, std::error_code, std::unique_ptr and std::optional.
/// Compilers of one C++ ABI (GCC and Clang, say) may be mixed; standard libraries and pointer sizes may not.
inline constexpr char abi_tag[] =
#if defined(_MSC_VER)
    "msvc"
#else
    "itanium"
#endif
#if defined(_LIBCPP_VERSION)
    " libc++"
#elif defined(__GLIBCXX__) && _GLIBCXX_USE_CXX11_ABI
    " libstdc++11"
#elif defined(__GLIBCXX__)
    " libstdc++98"
#else
    " msvcstl"
#endif
#if UINTPTR_MAX > 0xffffffffU
    " 64-bit";
#else
    " 32-bit";
#endif

/// A plugin's description of itself. All text lives as long as the program: a plugin is never unloaded.
struct Plugin {
    std::uint32_t interface_version; ///< pollux::interface_version; first for ever, and read before all else
    std::uint32_t size;              ///< sizeof(Plugin) as the plugin was built
    const char* abi;                 ///< pollux::abi_tag as the plugin was built
    const char* name;                ///< what POLLUX_BACKEND calls it: [a-z0-9_]+, as in its file's name
    const char* summary;             ///< one line for people
    int rank;                        ///< `auto` tries the highest first
    Capabilities capabilities;       ///< true of this system, found out when the plugin is loaded

    /// A new Selector, or null, and then `failure` says which step failed and why [open.limits].
    /// Threads: any.
    std::unique_ptr<Selector> (*open)(OpenFailure& failure) noexcept;
};

} // namespace pollux

#ifdef _WIN32
#define POLLUX_PLUGIN_EXPORT extern "C" __declspec(dllexport)
#else
#define POLLUX_PLUGIN_EXPORT extern "C" __attribute__((visibility("default")))
#endif

/// Defined by each plugin: `const pollux::Plugin pollux_plugin{...};`
POLLUX_PLUGIN_EXPORT const pollux::Plugin pollux_plugin;
