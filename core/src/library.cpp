// SPDX-License-Identifier: BSL-1.0
// The one file that knows how shared objects are loaded.
#define BOOST_DLL_USE_STD_FS // Boost.Filesystem is a library to link; the standard one is there already
#include "library.hpp"

#include "backend_list.hpp"
#include "environment.hpp"
#include "search.hpp"

#include <pollux/plugin.hpp>

#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include <cstring>
#include <map>
#include <mutex>
#include <string_view>

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
    const auto name = file.string() + ": ";
    if (!words.starts_with(name)) return std::string(words);
    words.remove_prefix(name.size());
    // glibc says so of a file that is there and that it does not like the header of.
    const bool puzzling = words.ends_with(make_error_code(std::errc::no_such_file_or_directory).message());
    return std::string(words) +
           (puzzling ? ", as the loader puts it: the file is there, built for another machine?" : "");
}

/// The loaded object; the same one each time a file is asked for. Never unloaded: its thread-locals, its threads and
/// its error categories may outlive any Selector. Hence the table is never destroyed either.
/// Errors: std::system_error with the loader's words.
const dll::shared_library& loaded(const fs::path& file) {
    static std::mutex& mutex = *new std::mutex;
    static auto& libraries = *new std::map<fs::path, dll::shared_library>;
    const std::lock_guard lock(mutex);
    if (const auto found = libraries.find(file); found != libraries.end()) return found->second;
    // This form throws: the one with an error_code loses the loader's words.
    dll::shared_library library(file, dll::load_mode::rtld_now | dll::load_mode::rtld_local);
    return libraries.emplace(file, std::move(library)).first->second;
}

/// Why a privileged process must not load the file; empty if it may.
std::string danger_of(const fs::path& file) {
    for (const auto& path : {file, file.parent_path()}) {
        if (others_can_write(path)) return path.string() + " can be written by others, and this process is privileged";
    }
    return {};
}

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

} // namespace

Backend load(const fs::path& file, bool privileged) {
    Backend backend{.name = backend_of(file), .file = file};
    std::error_code error;
    const auto status = fs::status(file, error);
    if (!fs::exists(status)) {
        backend.refusal = error ? error.message() : "no such file";
    } else if (!fs::is_regular_file(status)) {
        backend.refusal = "not a regular file";
    } else if (privileged) {
        backend.refusal = danger_of(file);
    }
    if (!backend.refusal.empty()) return backend;
    try {
        const auto& library = loaded(file);
        if (!library.has("pollux_plugin")) {
            backend.refusal = "not a Pollux plugin: it has no symbol \"pollux_plugin\"";
            return backend;
        }
        const auto& plugin = library.get<const Plugin>("pollux_plugin");
        backend.refusal = fault_of(plugin, backend.name);
        if (!backend.refusal.empty()) return backend;
        backend.name = plugin.name;
        backend.summary = plugin.summary ? plugin.summary : "";
        backend.rank = plugin.rank;
        backend.capabilities = plugin.capabilities;
        backend.open = plugin.open;
    } catch (const std::system_error& failure) {
        backend.refusal = words_of(failure, file);
    }
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
    return fs::canonical(file, error).parent_path();
}

} // namespace pollux
