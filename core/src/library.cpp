// SPDX-License-Identifier: BSL-1.0
// Loads shared objects; the only file that does.
#define BOOST_DLL_USE_STD_FS // Boost.Filesystem is a library to link; the standard one is there already
#include "library.hpp"

#include "adapted_plugin.hpp"
#include "file_system.hpp"
#include "plugin_file.hpp"
#include "plugin_validation.hpp"
#include "search.hpp"
#include "static_program.hpp"

#include <pollux/mutex.hpp>
#include <pollux/plugin.hpp>

#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include <map>
#include <new>
#include <string_view>
#include <utility>

namespace pollux {
namespace {

namespace dll = boost::dll;
namespace fs = std::filesystem;

/// Returns the loader's message, without the text that Boost.DLL puts around it and without the file's name.
std::string loader_message(const std::system_error& error, const fs::path& file) {
    constexpr std::string_view opening = "(dlerror system message: ";
    std::string_view message = error.what();
    const auto start = message.find(opening);
    if (start == message.npos) // Windows has a code, and libstdc++ a message for few of them
        return "LoadLibraryEx: error " + std::to_string(error.code().value()) + ", " + error.code().message();
    message.remove_prefix(start + opening.size());
    message = message.substr(0, message.rfind(')'));
    // The name may be that of a file descriptor, by which a privileged process loads the file.
    const auto name = file.string() + ": ";
    const bool is_descriptor = message.starts_with("/proc/self/fd/") && message.find(": ") != message.npos;
    if (!message.starts_with(name) && !is_descriptor) return std::string(message);
    message.remove_prefix(is_descriptor ? message.find(": ") + 2 : name.size());
    return std::string(message);
}

/// Returns whether the loader failed because memory is short, which is no fault of the file.
bool is_out_of_memory(std::string_view message, const fs::path& file) {
    if (message.starts_with("failed to map segment") || message.find("in static TLS block") != message.npos)
        return false;
    // Messages of glibc about its own structures, which do not always end with that of the error.
    if (message == "out of memory" || message.starts_with("cannot create ") || message.starts_with("cannot allocate "))
        return true;
    if (message.ends_with(make_error_code(std::errc::not_enough_memory).message())) return true;
    // glibc's message if there is no memory for the name of the file; the file itself was open a moment ago.
    const auto absent = make_error_code(std::errc::no_such_file_or_directory).message();
    std::error_code ignored;
    return message == "cannot open shared object file: " + absent && fs::exists(fs::status(file, ignored));
}

/// The Libraries are the objects that were loaded. They are never unloaded: their thread-locals, threads and error
/// categories may outlive any Selector. Hence this object is never destroyed either.
///
/// Threads: any. While one loads a plugin, others wait; the constructors of that plugin may load others in its thread.
class Libraries {
  public:
    static Libraries& of_process() {
        static auto& all = *new Libraries;
        return all;
    }

    /// A Loaded is an object, and its plugin once that was found to be valid.
    struct Loaded {
        dll::shared_library object;
        std::unique_ptr<const LoadedPlugin> plugin;
    };

    /// Loads the object of a file, or returns the one that was loaded before. Returns null and a refusal if
    /// OpenFile::path_for_loader() refuses, or if the object is being loaded and a constructor in it calls this.
    /// Errors: std::system_error with the loader's message.
    Loaded* load(const fs::path& file, const OpenFile& opened, bool privileged, std::string& refusal) {
        const MutexLock lock(mutex_);
        const auto [entry, is_new] = all_.try_emplace(file);
        auto& library = entry->second.object;
        if (library.is_loaded()) return &entry->second;
        if (!is_new) {
            refusal = "a constructor in it requested it while it was being loaded";
            return nullptr;
        }
        // The entry is made first: an object that was loaded must not be unloaded because there is no memory for it.
        const EntryGuard guard{all_, entry};
        const auto path = privileged ? opened.path_for_loader(refusal) : file;
        if (!refusal.empty()) return nullptr;
        constexpr auto mode = dll::load_mode::rtld_now | dll::load_mode::rtld_local;
        std::error_code failure;
        library.load(path, failure, mode);
        // Again, in the form that throws: the other loses the loader's message. If memory was short the first time,
        // which the message does not always state, this may succeed.
        if (failure) library.load(path, mode);
        return &entry->second;
    }

    /// Keeps the LoadedPlugin of an object, and returns it; the one of the first call for all calls.
    const LoadedPlugin& keep(Loaded& loaded, std::unique_ptr<const LoadedPlugin> plugin) {
        const MutexLock lock(mutex_);
        if (!loaded.plugin) loaded.plugin = std::move(plugin);
        return *loaded.plugin;
    }

  private:
    using Map = std::map<fs::path, Loaded>;

    /// An EntryGuard removes the entry of an object whose load has failed.
    struct EntryGuard {
        Map& all;
        Map::iterator entry;
        ~EntryGuard() {
            if (!entry->second.object.is_loaded()) all.erase(entry);
        }
    };

    RecursiveMutex mutex_;
    Map all_ POLLUX_GUARDED_BY(mutex_);
};

/// An Examined is a file that was opened and examined.
struct Examined {
    OpenFile file;
    std::string abi; // of its description
};

/// Opens and examines a file.
FoundPlugin open_and_examine(const fs::path& file, bool privileged, Examined& examined) {
    FoundPlugin backend{.name = plugin_of(file), .file = file};
    if (is_static_program()) {
        backend.refusal = "a static program loads no plugins: expected a backend that is linked in";
        return backend;
    }
    auto& opened = examined.file;
    opened = privileged ? OpenFile::open_trusted(file, backend.refusal) : OpenFile::open(file, backend.refusal);
    if (!backend.refusal.empty()) return backend;
    auto [refusal, described] = examine(opened);
    if (refusal.empty() && described) refusal = validate(*described, backend.name);
    backend.refusal = escaped(refusal);
    if (!described || !backend.refusal.empty()) return backend;
    backend.described = true;
    backend.is_layer = described->kind == PluginKind::layer;
    backend.name = std::move(described->name);
    backend.summary = escaped(described->summary);
    backend.rank = described->rank;
    examined.abi = std::move(described->abi);
    return backend;
}

/// Loads a plugin that was examined; returns why it cannot be used, or an empty text.
std::string load_examined(FoundPlugin& backend, const Examined& examined, bool privileged) try {
    std::string refusal;
    auto* const library = Libraries::of_process().load(backend.file, examined.file, privileged, refusal);
    if (!library) return refusal;
    if (!library->object.has("pollux_plugin")) return "not a Pollux plugin: it has no symbol \"pollux_plugin\"";
    std::unique_ptr<const LoadedPlugin> adapted;
    refusal = adapt(&library->object.get<const Head>("pollux_plugin"), backend, examined.abi, adapted);
    if (!refusal.empty()) return refusal;
    backend.loaded = &Libraries::of_process().keep(*library, std::move(adapted));
    return {};
} catch (const std::system_error& failure) {
    auto message = loader_message(failure, backend.file);
    if (is_out_of_memory(message, backend.file)) throw std::bad_alloc();
    return message;
}

} // namespace

FoundPlugin describe(const fs::path& file, bool privileged) {
    Examined examined;
    return open_and_examine(file, privileged, examined);
}

FoundPlugin load(const fs::path& file, bool privileged) {
    Examined examined;
    auto backend = open_and_examine(file, privileged, examined);
    if (backend.refusal.empty()) backend.refusal = escaped(load_examined(backend, examined, privileged));
    return backend;
}

fs::path folder_of_core() {
    std::error_code error;
#ifdef POLLUX_STATIC
    // Not this_line_location(): the loader knows a program only by argv[0], which its parent may set to any text.
    const auto file = dll::program_location(error);
#else
    const auto file = dll::this_line_location(error);
#endif
    // With a relative LD_LIBRARY_PATH the location is relative, and valid only until a change of the current directory.
    auto folder = fs::canonical(file, error).parent_path();
    if (error == std::errc::not_enough_memory) throw std::bad_alloc(); // and not a search without the folder
    return folder;
}

} // namespace pollux
