// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/capabilities.hpp>
#include <pollux/open_failure.hpp>
#include <pollux/selector.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>
#include <version>

/// This header is for authors of plugins. Programs include <pollux/open.hpp> or <pollux/poll.hpp>.
///
/// A plugin is a shared object that exports one symbol, `pollux_plugin`, and links the header-only
/// `pollux::interface`. docs/writing-a-plugin.md explains it step by step.
namespace pollux {

/// The version of the interface between program and plugin. A plugin of another version is refused.
///
/// The interface grows without a new version. Members are appended to structures that state their size: Plugin,
/// Capabilities, OpenRequest, OpenFailure and PluginDescription. Selector gains extensions, and no function. So a
/// plugin that was built for a version works in all later programs of that version. docs/decisions/0043 explains it.
inline constexpr std::uint32_t interface_version = 2;

#if defined(_MSC_VER)
#define POLLUX_ABI_OF_CLASSES "msvc"
#else
#define POLLUX_ABI_OF_CLASSES "itanium"
#endif
#if defined(_LIBCPP_VERSION)
#define POLLUX_ABI_OF_LIBRARY " libc++"
#elif defined(__GLIBCXX__) && _GLIBCXX_USE_CXX11_ABI
#define POLLUX_ABI_OF_LIBRARY " libstdc++11"
#elif defined(__GLIBCXX__)
#define POLLUX_ABI_OF_LIBRARY " libstdc++98"
#else
#define POLLUX_ABI_OF_LIBRARY " msvcstl"
#endif
#if UINTPTR_MAX > 0xffffffffU
#define POLLUX_ABI_OF_POINTERS " 64-bit"
#else
#define POLLUX_ABI_OF_POINTERS " 32-bit"
#endif
/// POLLUX_ABI_TAG is equal in two binaries if they agree on vtables, std::error_code, std::unique_ptr and
/// std::optional. Compilers of one C++ ABI (GCC and Clang, say) may be mixed; standard libraries and pointer sizes may
/// not.
///
/// A plugin uses this macro instead of `abi_tag`: if the symbols of a plugin are visible, the dynamic linker may bind
/// its reference to `abi_tag` to the program's object of that name.
#define POLLUX_ABI_TAG POLLUX_ABI_OF_CLASSES POLLUX_ABI_OF_LIBRARY POLLUX_ABI_OF_POINTERS
inline constexpr char abi_tag[] = POLLUX_ABI_TAG;

/// A PluginKind states what a plugin opens: a Selector of a kernel's events, or one around another Selector.
enum class PluginKind : std::uint32_t { backend = 1, layer = 2 };

/// A PluginDescription describes a plugin inside its file, where it can be read before any code of the plugin runs:
/// `auto` reads the descriptions of all plugins and loads only those that it tries.
///
/// It is constant data without pointers. In an ELF file it is a note, which strip(1) keeps; in other files it is found
/// by its magic. The offsets of its fields never change; later versions append fields, and `size` states which of them
/// there are.
struct PluginDescription {
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
    PluginKind kind;        ///< equal to Plugin::kind
    std::int32_t rank;      ///< equal to Plugin::rank
    char abi[48] = {};      ///< equal to Plugin::abi; each text has a null byte at its end
    char name[72] = {};     ///< equal to Plugin::name; 71 characters at most
    char summary[152] = {}; ///< 151 bytes at most; Plugin::summary may state more, as known at load time

    template <std::size_t name_size, std::size_t summary_size>
    constexpr PluginDescription(PluginKind plugin_kind, const char (&plugin_name)[name_size], int plugin_rank,
                                const char (&plugin_summary)[summary_size]) noexcept
        : content_size(content), size(content), kind(plugin_kind), rank(plugin_rank) {
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

/// The largest number of options that a plugin may have.
inline constexpr std::uint32_t most_options = 256;

/// An Option is a setting of a plugin, for POLLUX_BACKEND=name?key=value.
struct Option {
    const char* name;          ///< [a-z0-9_]+
    const char* default_value; ///< the text that open() receives if none was given
    const char* help;          ///< one line for users, with the unit and the range
};

/// An OptionValue is the value of one Option.
struct OptionValue {
    const char* name;
    const char* value; ///< not null; may be empty
};

/// An OpenRequest states what Plugin::open is to open. The program makes it; it is valid during that call.
///
/// Later versions append members: a plugin reads those beyond `inner` only if `size` has them.
struct OpenRequest {
    std::uint32_t size = sizeof(OpenRequest);
    std::uint32_t option_count = 0;
    /// The value of each Option of the plugin, in the order of Plugin::options: the one that was given, or the default.
    const OptionValue* options = nullptr;
    /// For a layer: the Selector to wrap, never null, which the layer moves from if it succeeds. Null for a backend.
    std::unique_ptr<Selector>* inner = nullptr;

    /// Returns the value of one of the plugin's own Options.
    std::string_view option(std::string_view name) const noexcept {
        for (std::uint32_t i = 0; i < option_count; ++i) {
            if (options[i].name == name) return options[i].value;
        }
        return {};
    }
};

/// A Plugin describes a backend or a layer to the program that has loaded it. All that it points to lives as long as
/// the program: a plugin is never unloaded.
///
/// interface_version, size, abi and generic_category state what the plugin was built with: its author sets none of
/// them.
///
///     const pollux::Plugin pollux_plugin{.kind = pollux_description.kind, .name = pollux_description.name, ...};
struct Plugin {
    std::uint32_t interface_version = pollux::interface_version; ///< read before all other members
    std::uint32_t size = sizeof(Plugin);
    const char* abi = POLLUX_ABI_TAG;
    /// Two copies of the C++ standard library in one process have two of these, and their error codes compare unequal.
    const std::error_category* generic_category = &std::generic_category();

    PluginKind kind; ///< equal to that of the description in the file, as are name and rank
    /// `auto` tries the highest first; below 0: a fallback, after all others; 0 for a layer.
    std::int32_t rank;
    const char* name; ///< its name in POLLUX_BACKEND and in its file's name: [a-z0-9_]+
    /// One line for users, in at most 300 bytes of UTF-8; as is the help of an Option.  [plugin.texts]
    const char* summary;

    /// What Selectors of this backend can do on this system, determined when the plugin is loaded. Null for a layer.
    const Capabilities* capabilities = nullptr;
    const Option* options = nullptr;
    std::uint32_t option_count = 0; ///< at most most_options

    /// Returns a new Selector, or null and the reason in `failure`. No exception leaves it. [open.limits]
    /// A call that fails leaves nothing behind.                                         [open.failure_leaks_nothing]
    /// Errors of this and of all calls of the Selector are of std::generic_category(), so that
    /// programs compare them with std::errc.                                            [failure.category]
    /// Threads: any.
    std::unique_ptr<Selector> (*open)(const OpenRequest& request, OpenFailure& failure) noexcept;
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

/// Defines the PluginDescription of a backend. A plugin uses it once, before it defines pollux_plugin, which takes its
/// kind, name and rank from it:
///
///     POLLUX_DESCRIBE_PLUGIN("mine", -1, "my kernel's queue");
///     const pollux::Plugin pollux_plugin{.kind = pollux_description.kind,
///                                        .rank = pollux_description.rank,
///                                        .name = pollux_description.name, ...};
///
/// A plugin without a description works, but has to be requested by name or file: `auto` passes over it.
#define POLLUX_DESCRIBE_PLUGIN(name, rank, summary)                                                                    \
    POLLUX_PLUGIN_SECTION alignas(4) static constexpr pollux::PluginDescription pollux_description(                    \
        pollux::PluginKind::backend, name, rank, summary)

/// Defines the PluginDescription of a layer.
#define POLLUX_DESCRIBE_LAYER(name, summary)                                                                           \
    POLLUX_PLUGIN_SECTION alignas(4) static constexpr pollux::PluginDescription pollux_description(                    \
        pollux::PluginKind::layer, name, 0, summary)

/// The symbol that each plugin defines: `const pollux::Plugin pollux_plugin{...};`
POLLUX_PLUGIN_EXPORT const pollux::Plugin pollux_plugin;
