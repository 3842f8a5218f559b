// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/capabilities.hpp>
#include <pollux/selector.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Functions that find, load and choose a backend: for programs. docs/environment.md describes it for users.
///
/// Threads:   Any thread may call all of it, but not beside a change of the environment (setenv).
/// Lifetime:  A plugin that was loaded is never unloaded; nothing here refers to an object with a shorter lifetime.
/// Processes: In a set-uid or otherwise privileged process the environment is ignored, a plugin that others can
///            replace is refused, and what is loaded is what was checked.
/// Errors:    std::bad_alloc, if memory is short: never another choice instead.
/// Plugins:   `auto` loads only the plugins that it tries to open, and finds them by the descriptions in their files
///            (`described`). A constructor in a plugin may call these functions, but cannot load its own plugin.
namespace pollux {

/// Needs are the abilities that a program requires. `auto` passes over a backend that does not offer one of them; a
/// backend that was requested by name is refused. Emulated counts as offered.
struct Needs {
    bool oneshot = false;
    bool level = false;
    bool edge = false;
    bool pipes = false;
    bool files = false;
    bool priority = false;
};

/// A Request states which backends a program accepts. Empty members, except for `needs`, are taken from the
/// environment.
struct Request {
    /// The same as POLLUX_BACKEND: "auto", or names and files separated by commas, tried in order. A file has a path
    /// separator in it.
    std::string backend = {};
    /// Searched before the folders of POLLUX_PLUGIN_PATH and of the installation.
    std::vector<std::filesystem::path> folders = {};
    /// A plugin has to be loaded to compare its capabilities: one that lacks an ability is loaded, but not opened.
    Needs needs = {};
};

/// A Backend is a plugin file that was found.
struct Backend {
    std::string name = {};           // from the name of its file
    std::filesystem::path file = {}; // absolute
    std::string refusal = {};        // why it cannot be loaded; if empty, the members below are valid
    bool described = false;          // name, rank and summary are in its file, and can be read without loading it

    std::string summary = {};
    int rank = 0;
    Capabilities capabilities = {}; // with the reasons as the plugin has them: escape them before printing

    /// Returns a new Selector, or null and then `failure` states why. The pointer is null if the plugin was refused.
    std::unique_ptr<Selector> (*open)(OpenFailure& failure) noexcept = nullptr;
};

/// An Attempt is a backend that was tried: its file, if there is one, and why it could not be opened; `reason` is empty
/// if it was opened.
struct Attempt {
    std::string backend;
    std::filesystem::path file;
    std::string reason;
};

/// A Choice is the report of open(): the request, all backends that were tried, in order, and the result.
///
/// Refusals, reasons and notes are escaped(). Names of files, and `asked`, are as they were given.
struct Choice {
    std::string asked;                // "auto", "io_uring,epoll"
    std::string origin;               // where `asked` is from: "from POLLUX_BACKEND"
    std::string refusal;              // why `asked` is invalid; then nothing was tried
    std::vector<Attempt> attempts;    // the last one was opened, if there is a `winner`
    std::vector<Attempt> passed_over; // plugins that `auto` did not load for a reason other than their rank
    std::optional<Backend> winner;
    std::vector<std::string> installed;         // names, sorted
    std::vector<std::filesystem::path> folders; // searched, in order
    std::vector<std::string> notes;             // what was ignored, and why

    /// Returns the report as text: several lines, the last one without a line feed, all of it escaped().
    std::string text() const;
};

/// An OpenError states that no backend of a request could be opened; what() is Choice::text().
class OpenError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Opens the first backend of `request` that can be opened.
///
/// Errors: OpenError, if there is none; std::bad_alloc.
std::unique_ptr<Selector> open(const Request& request = {});

/// Opens the first backend of `request` that can be opened, or returns null instead of throwing OpenError. `choice` is
/// the report in either case.
std::unique_ptr<Selector> open(const Request& request, Choice& choice);

/// Returns what open() would choose, and why: opens the backend to find out, and closes it.
Choice explain(const Request& request = {});

/// Returns all plugins in the search folders as their files describe them, in the order in which `auto` tries them: by
/// rank, the highest first, ties by name; then those without a description; then those that are refused, by name. Of
/// two plugins of the same name, the second one in the search is refused.
///
/// Nothing is loaded: there are no capabilities, `open` is null, and a file without a refusal may still fail to load.
std::vector<Backend> found(const Request& request = {});

/// Loads one plugin by its file, whether or not it is in a search folder. A relative path is taken from the current
/// directory.
Backend load(const std::filesystem::path& file);

/// Loads all plugins in the search folders, and returns them in the order of found(). This runs code of each of them in
/// this process: a broken file may end the process, even if the program does not request it. `pollux list` loads each
/// plugin in a process of its own.
std::vector<Backend> installed(const Request& request = {});

/// Returns text from outside in a form that is safe in a line of a log or on a terminal: bytes that control either, or
/// are no UTF-8, are replaced by \n, \r, \t or \xNN, and so are characters that end a line or turn the direction of
/// text. Text that is escaped already is unchanged.
std::string escaped(std::string_view text);

} // namespace pollux
