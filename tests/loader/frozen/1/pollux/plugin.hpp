// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/capabilities.hpp>
#include <pollux/selector.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <version>

/// This header is for authors of plugins. Programs include <pollux/open.hpp> or <pollux/poll.hpp>.
///
/// A plugin is a shared object that exports one symbol, `pollux_plugin`, and links the header-only
/// `pollux::interface`. docs/writing-a-plugin.md explains it step by step.
namespace pollux {

/// The version of the interface between program and plugin. Each change of a type that both use raises it.
inline constexpr std::uint32_t interface_version = 1;

/// The tag that is equal in two binaries if they agree on vtables, std::error_code, std::unique_ptr and std::optional.
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

/// A PluginDescription describes a plugin inside its file, where it can be read before any code of the plugin runs:
/// `auto` reads the descriptions of all plugins and loads only those that it tries.
///
/// It is constant data without pointers. In an ELF file it is a note, which strip(1) keeps; in other files it is found
/// by its magic. The offsets of its fields never change; later versions append fields, and `size` states which of them
/// there are.
struct PluginDescription {
    enum class Kind : std::uint32_t { backend = 1 };

    static constexpr std::uint32_t note_type = 1;
    static constexpr char note_owner[8] = "Pollux";
    static constexpr char expected_magic[16] = "\x7fpollux-plugin\n";

    std::uint32_t owner_size = 7; ///< in an ELF note: bytes of its owner's name, the null byte included
    std::uint32_t content_size;   ///< in an ELF note: bytes from `magic` on
    std::uint32_t type = note_type;
    char owner[8] = {};
    char magic[16] = {};
    std::uint32_t size; ///< bytes from `magic` on
    std::uint32_t interface_version = pollux::interface_version;
    Kind kind = Kind::backend;
    std::int32_t rank;      ///< equal to Plugin::rank
    char abi[48] = {};      ///< equal to Plugin::abi; each text has a null byte at its end
    char name[72] = {};     ///< equal to Plugin::name; 71 characters at most
    char summary[152] = {}; ///< 151 bytes at most; Plugin::summary may state more, as known at load time

    template <std::size_t name_size, std::size_t summary_size>
    constexpr PluginDescription(const char (&plugin_name)[name_size], int plugin_rank,
                                const char (&plugin_summary)[summary_size]) noexcept
        : content_size(content), size(content), rank(plugin_rank) {
        copy(note_owner, owner);
        copy(expected_magic, magic);
        copy(abi_tag, abi);
        copy(plugin_name, name);
        copy(plugin_summary, summary);
    }

  private:
    static constexpr std::uint32_t content = 16 + 4 * 4 + 48 + 72 + 152;

    template <std::size_t from_size, std::size_t to_size>
    static constexpr void copy(const char (&from)[from_size], char (&to)[to_size]) noexcept {
        static_assert(from_size <= to_size, "the text is too long for a plugin's description");
        for (std::size_t i = 0; i < from_size; ++i) to[i] = from[i];
    }
};
static_assert(sizeof(PluginDescription) == 20 + 304, "a note has no padding");

/// A Plugin describes a backend to the program that has loaded it. All text lives as long as the program: a plugin is
/// never unloaded.
struct Plugin {
    std::uint32_t interface_version; ///< pollux::interface_version; always the first member, and read first
    std::uint32_t size;              ///< sizeof(Plugin) as the plugin was built
    const char* abi;                 ///< pollux::abi_tag as the plugin was built
    const char* name;                ///< its name in POLLUX_BACKEND and in its file's name: [a-z0-9_]+
    const char* summary;             ///< one line for users
    int rank;                        ///< `auto` tries the highest first; name and rank are those of the description
    Capabilities capabilities;       ///< on this system, determined when the plugin is loaded

    /// Returns a new Selector, or null and the step that failed, and why, in `failure`. [open.limits]
    /// Threads: any.
    std::unique_ptr<Selector> (*open)(OpenFailure& failure) noexcept;
};

} // namespace pollux

#ifdef _WIN32
#define POLLUX_PLUGIN_EXPORT extern "C" __declspec(dllexport)
#else
#define POLLUX_PLUGIN_EXPORT extern "C" __attribute__((visibility("default")))
#endif

#if defined(_MSC_VER)
#define POLLUX_PLUGIN_SECTION
#elif defined(_WIN32)
#define POLLUX_PLUGIN_SECTION [[gnu::used]]
#elif defined(__APPLE__)
#define POLLUX_PLUGIN_SECTION [[gnu::used, gnu::section("__TEXT,__pollux")]]
#else
#define POLLUX_PLUGIN_SECTION [[gnu::used, gnu::section(".note.pollux")]]
#endif

/// Defines the PluginDescription of a plugin: once, before pollux_plugin, which takes its name and rank from it:
///
///     POLLUX_DESCRIBE_PLUGIN("mine", -1, "my kernel's queue");
///     const pollux::Plugin pollux_plugin{... .name = pollux_description.name, ... .rank = pollux_description.rank,
///     ...};
///
/// A plugin without a description works, but has to be requested by name or file: `auto` passes over it.
#define POLLUX_DESCRIBE_PLUGIN(name, rank, summary)                                                                    \
    POLLUX_PLUGIN_SECTION alignas(4) static constexpr pollux::PluginDescription pollux_description(name, rank, summary)

/// The symbol that each plugin defines: `const pollux::Plugin pollux_plugin{...};`
POLLUX_PLUGIN_EXPORT const pollux::Plugin pollux_plugin;
