// SPDX-License-Identifier: BSL-1.0
// The one file that knows how shared objects are loaded.
#define BOOST_DLL_USE_STD_FS // Boost.Filesystem is a library to link; the standard one is there already
#include "library.hpp"

#include "backend_list.hpp"
#include "file_system.hpp"
#include "plugin_file.hpp"
#include "search.hpp"

#include <pollux/plugin.hpp>

#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>

namespace pollux {
namespace {

namespace dll = boost::dll;
namespace fs = std::filesystem;

/// The loader's own words, without the frame that Boost.DLL puts around them and without the file's name.
std::string words_of(const std::system_error& error, const fs::path& file) {
    constexpr std::string_view opening = "(dlerror system message: ";
    std::string_view words = error.what();
    const auto start = words.find(opening);
    if (start == words.npos) // Windows has a number, and libstdc++ words for few of them
        return "LoadLibraryEx: error " + std::to_string(error.code().value()) + ", " + error.code().message();
    words.remove_prefix(start + opening.size());
    words = words.substr(0, words.rfind(')'));
    // The name may be that of a descriptor, under which a privileged process loads the file.
    const auto name = file.string() + ": ";
    const bool is_descriptor = words.starts_with("/proc/self/fd/") && words.find(": ") != words.npos;
    if (!words.starts_with(name) && !is_descriptor) return std::string(words);
    words.remove_prefix(is_descriptor ? words.find(": ") + 2 : name.size());
    return std::string(words);
}

/// Whether the loader failed for want of memory, which is the fault of no file.
bool is_out_of_memory(std::string_view words, const fs::path& file) {
    if (words.starts_with("failed to map segment") || words.find("in static TLS block") != words.npos) return false;
    // glibc's words for its own structures, to which it not always adds the error's.
    if (words == "out of memory" || words.starts_with("cannot create ") || words.starts_with("cannot allocate "))
        return true;
    if (words.ends_with(make_error_code(std::errc::not_enough_memory).message())) return true;
    // So glibc says it when there is no memory for the name of the file; the file itself was open a moment ago.
    const auto absent = make_error_code(std::errc::no_such_file_or_directory).message();
    std::error_code ignored;
    return words == "cannot open shared object file: " + absent && fs::exists(fs::status(file, ignored));
}

/// The objects that were loaded. Never unloaded: their thread-locals, their threads and their error categories may
/// outlive any Selector. Hence this is never destroyed either.
///
/// Threads: any. While one loads a plugin, others wait; the constructors of that plugin may load others in its thread.
class Libraries {
  public:
    static Libraries& of_process() {
        static auto& all = *new Libraries;
        return all;
    }

    /// The loaded object of a file; the same one each time it is asked for. Null while it is being loaded, for the
    /// constructors in it. `path_for_loader` is called to load it and may refuse: null and `refusal`.
    /// Errors: std::system_error with the loader's words.
    const dll::shared_library* loaded(const fs::path& file, const OpenFile& opened, bool privileged,
                                      std::string& refusal) {
        const std::lock_guard lock(mutex_);
        const auto [place, is_new] = all_.try_emplace(file);
        auto& library = place->second;
        if (library.is_loaded()) return &library;
        if (!is_new) {
            refusal = "it is being loaded: this is asked for by a constructor in it";
            return nullptr;
        }
        // The entry is there first: what was loaded must not be unloaded for want of memory to remember it.
        Forgetting forgetting{*this, place};
        const auto path = privileged ? opened.path_for_loader(refusal) : file;
        if (!refusal.empty()) return nullptr;
        constexpr auto mode = dll::load_mode::rtld_now | dll::load_mode::rtld_local;
        std::error_code failure;
        library.load(path, failure, mode);
        // Again, in the form that throws: the other loses the loader's words. What failed for want of memory, which
        // these words do not always say, may be loaded now.
        if (failure) library.load(path, mode);
        return &library;
    }

  private:
    using Map = std::map<fs::path, dll::shared_library>;

    /// Removes the entry of what was not loaded after all.
    struct Forgetting {
        Libraries& libraries;
        Map::iterator place;
        ~Forgetting() {
            if (!place->second.is_loaded()) libraries.all_.erase(place);
        }
    };

    std::recursive_mutex mutex_;
    Map all_;
};

std::string quoted(const char* text) { return text ? "\"" + std::string(text) + "\"" : "null"; }

/// What is wrong with a plugin; empty if nothing is. Reads nothing that what was read before does not vouch for.
std::string fault_of(const Plugin& plugin, const std::string& expected_name) {
    const auto differs = [](const char* what, const std::string& seen, const std::string& expected) {
        return std::string(what) + " " + seen + ", this program has " + expected;
    };
    if (plugin.interface_version != interface_version)
        return differs("built for interface version", std::to_string(plugin.interface_version),
                       std::to_string(interface_version));
    if (plugin.size < sizeof(Plugin))
        return differs("its Plugin has size", std::to_string(plugin.size), std::to_string(sizeof(Plugin)));
    if (!plugin.abi || std::strcmp(plugin.abi, abi_tag) != 0)
        return differs("built with ABI", quoted(plugin.abi), quoted(abi_tag));
    if (!plugin.name || !is_backend_name(plugin.name))
        return "calls itself " + quoted(plugin.name) + ", which is not a backend's name: expected [a-z0-9_]+";
    if (!expected_name.empty() && expected_name != plugin.name)
        return "calls itself " + quoted(plugin.name) + ", its file's name says " + quoted(expected_name.c_str());
    if (!plugin.open) return "its open is null: expected a function";
    return {};
}

/// What a plugin says elsewhere than in its file; empty if it is the same.
std::string difference_of(const Plugin& plugin, const Backend& described) {
    if (!described.described) return {};
    if (plugin.rank != described.rank)
        return "its file says rank " + std::to_string(described.rank) + ", its Plugin " + std::to_string(plugin.rank);
    if (plugin.name != described.name)
        return "its file says name " + quoted(described.name.c_str()) + ", its Plugin " + quoted(plugin.name);
    return {};
}

/// What is wrong with what a file says; empty if nothing is.
std::string fault_of(const DescribedPlugin& plugin, const std::string& expected_name) {
    if (plugin.interface_version != interface_version)
        return "built for interface version " + std::to_string(plugin.interface_version) + ", this program has " +
               std::to_string(interface_version);
    if (!plugin.is_backend) return "is no backend: this program does not know what it is";
    if (plugin.abi != abi_tag)
        return "built with ABI " + quoted(plugin.abi.c_str()) + ", this program has " + quoted(abi_tag);
    if (!is_backend_name(plugin.name))
        return "calls itself " + quoted(plugin.name.c_str()) + ", which is not a backend's name: expected [a-z0-9_]+";
    if (!expected_name.empty() && expected_name != plugin.name)
        return "calls itself " + quoted(plugin.name.c_str()) + ", its file's name says " +
               quoted(expected_name.c_str());
    return {};
}

/// Opens and examines a file.
Backend examined(const fs::path& file, bool privileged, OpenFile& opened) {
    Backend backend{.name = backend_of(file), .file = file};
    opened = privileged ? OpenFile::open_trusted(file, backend.refusal) : OpenFile::open(file, backend.refusal);
    if (!backend.refusal.empty()) return backend;
    auto [refusal, described] = examine(opened);
    if (refusal.empty() && described) refusal = fault_of(*described, backend.name);
    backend.refusal = escaped(refusal);
    if (!described || !backend.refusal.empty()) return backend;
    backend.described = true;
    backend.name = std::move(described->name);
    backend.summary = escaped(described->summary);
    backend.rank = described->rank;
    return backend;
}

/// Loads what was examined; returns why it cannot be used, or nothing.
std::string load_examined(Backend& backend, const OpenFile& opened, bool privileged) try {
    std::string refusal;
    const auto* const library = Libraries::of_process().loaded(backend.file, opened, privileged, refusal);
    if (!library) return refusal;
    if (!library->has("pollux_plugin")) return "not a Pollux plugin: it has no symbol \"pollux_plugin\"";
    const auto& plugin = library->get<const Plugin>("pollux_plugin");
    refusal = fault_of(plugin, backend_of(backend.file));
    if (refusal.empty()) refusal = difference_of(plugin, backend);
    if (!refusal.empty()) return refusal;
    backend.name = plugin.name;
    backend.summary = escaped(plugin.summary ? plugin.summary : "");
    backend.rank = plugin.rank;
    backend.capabilities = plugin.capabilities;
    backend.open = plugin.open;
    return {};
} catch (const std::system_error& failure) {
    auto words = words_of(failure, backend.file);
    if (is_out_of_memory(words, backend.file)) throw std::bad_alloc();
    return words;
}

} // namespace

Backend describe(const fs::path& file, bool privileged) {
    OpenFile opened;
    return examined(file, privileged, opened);
}

Backend load(const fs::path& file, bool privileged) {
    OpenFile opened;
    auto backend = examined(file, privileged, opened);
    if (backend.refusal.empty()) backend.refusal = escaped(load_examined(backend, opened, privileged));
    return backend;
}

fs::path folder_of_core() {
    std::error_code error;
#ifdef POLLUX_STATIC
    // The loader knows a program only by argv[0], which is whatever the caller says.
    const auto file = dll::program_location(error);
#else
    const auto file = dll::this_line_location(error);
#endif
    // After a relative LD_LIBRARY_PATH the location is relative, and means something only until a change of folder.
    auto folder = fs::canonical(file, error).parent_path();
    if (error == std::errc::not_enough_memory) throw std::bad_alloc(); // and not another search
    return folder;
}

} // namespace pollux
