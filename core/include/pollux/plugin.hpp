// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/capabilities.hpp>
#include <pollux/selector.hpp>

#include <cstddef>
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

/// What a plugin's file says of the plugin before anything of it runs: `auto` reads the descriptions of all plugins and
/// loads only the one that it opens.
///
/// A block of constant data without pointers. In an ELF file it is a note, which strip(1) keeps; in others it is found
/// by its magic. The fields never change their places; later versions append further ones, and `size` tells which are
/// there.
struct PluginDescription {
    enum class Kind : std::uint32_t { backend = 1 };

    static constexpr std::uint32_t note_type = 1;
    static constexpr char note_owner[8] = "Pollux";
    static constexpr char expected_magic[16] = "\x7fpollux-plugin\n";

    std::uint32_t owner_size = 7; ///< of an ELF note: bytes of its owner's name, the null byte included
    std::uint32_t content_size;   ///< of an ELF note: bytes from `magic` on
    std::uint32_t type = note_type;
    char owner[8] = {};
    char magic[16] = {};
    std::uint32_t size; ///< bytes from `magic` on
    std::uint32_t interface_version = pollux::interface_version;
    Kind kind = Kind::backend;
    std::int32_t rank;      ///< as in Plugin
    char abi[48] = {};      ///< these as in Plugin, each with a null byte at its end
    char name[72] = {};     ///< 71 characters at most
    char summary[152] = {}; ///< 151 bytes at most; that of the Plugin may tell more, as it knows the system

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

/// A plugin's description of itself. All text lives as long as the program: a plugin is never unloaded.
struct Plugin {
    std::uint32_t interface_version; ///< pollux::interface_version; first for ever, and read before all else
    std::uint32_t size;              ///< sizeof(Plugin) as the plugin was built
    const char* abi;                 ///< pollux::abi_tag as the plugin was built
    const char* name;                ///< what POLLUX_BACKEND calls it: [a-z0-9_]+, as in its file's name
    const char* summary;             ///< one line for people
    int rank;                        ///< `auto` tries the highest first; name and rank as in the description
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

#if defined(_MSC_VER)
#define POLLUX_PLUGIN_SECTION
#elif defined(_WIN32)
#define POLLUX_PLUGIN_SECTION [[gnu::used]]
#elif defined(__APPLE__)
#define POLLUX_PLUGIN_SECTION [[gnu::used, gnu::section("__TEXT,__pollux")]]
#else
#define POLLUX_PLUGIN_SECTION [[gnu::used, gnu::section(".note.pollux")]]
#endif

/// Stands once in each plugin, before pollux_plugin, which takes its name and its rank from there:
///
///     POLLUX_DESCRIBE_PLUGIN("mine", -1, "my kernel's queue");
///     const pollux::Plugin pollux_plugin{... .name = pollux_description.name, ... .rank = pollux_description.rank,
///     ...};
///
/// A plugin without it works, but has to be asked for by name or file: `auto` passes over it.
#define POLLUX_DESCRIBE_PLUGIN(name, rank, summary)                                                                    \
    POLLUX_PLUGIN_SECTION alignas(4) static constexpr pollux::PluginDescription pollux_description(name, rank, summary)

/// Defined by each plugin: `const pollux::Plugin pollux_plugin{...};`
POLLUX_PLUGIN_EXPORT const pollux::Plugin pollux_plugin;
