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

/// Finds, loads and chooses a backend: for programs. docs/environment.md tells the same from the user's side.
///
/// Threads:   all of it from any thread, but not beside a change of the environment (setenv).
/// Lifetime:  a plugin that was loaded is never unloaded; nothing here refers to anything that dies.
/// Processes: in a set-uid or otherwise privileged process the environment is ignored, a plugin that others can
///            replace is refused, and what is loaded is what was checked.
/// Errors:    std::bad_alloc, where memory is short: never another choice instead.
/// Plugins:   `auto` loads those that it tries to open and no other; which these are, the files say (`described`). A
///            constructor in a plugin may call what is here, and is refused the plugin that it is in.
namespace pollux {

/// What a program cannot do without. `auto` passes over backends that do not offer it; others are refused.
/// Emulated counts as offered.
struct Needs {
    bool oneshot = false;
    bool level = false;
    bool edge = false;
    bool pipes = false;
    bool files = false;
    bool priority = false;
};

/// What a program asks for. What is empty is taken from the environment, except for `needs`.
struct Request {
    /// As POLLUX_BACKEND: "auto", or names and files separated by commas, tried in order. A file has a path
    /// separator in it.
    std::string backend = {};
    /// Searched before the folders of POLLUX_PLUGIN_PATH and of the installation.
    std::vector<std::filesystem::path> folders = {};
    /// What a plugin offers is found out when it is loaded: one that does not offer enough was loaded all the same.
    Needs needs = {};
};

/// A plugin file that was found.
struct Backend {
    std::string name = {};           // as its file's name says
    std::filesystem::path file = {}; // absolute
    std::string refusal = {};        // why it cannot be loaded; empty when it was, and then the rest holds
    bool described = false;          // its file tells name, rank and summary without being loaded

    std::string summary = {};
    int rank = 0;
    Capabilities capabilities = {}; // the reasons as the plugin gives them: escaped() makes them fit to be printed

    /// A new Selector, or null and the reason. Null itself when the plugin was refused.
    std::unique_ptr<Selector> (*open)(OpenFailure& failure) noexcept = nullptr;
};

/// One backend that was tried: its file if there is one, and why it was not to be had; no reason if it was opened.
struct Attempt {
    std::string backend;
    std::filesystem::path file;
    std::string reason;
};

/// The story of a choice: what was asked for, all that was tried, in order, and what came of it.
///
/// Refusals, reasons and notes are escaped(); names of files, and what was asked for, are as they were given.
struct Choice {
    std::string asked;                // "auto", "io_uring,epoll"
    std::string origin;               // who asked: "from POLLUX_BACKEND"
    std::string refusal;              // why `asked` itself makes no sense; then nothing was tried
    std::vector<Attempt> attempts;    // the last one was opened, if `winner` is there
    std::vector<Attempt> passed_over; // plugins that `auto` did not load, and why, other than for their rank
    std::optional<Backend> winner;
    std::vector<std::string> installed;         // names, sorted
    std::vector<std::filesystem::path> folders; // searched, in order
    std::vector<std::string> notes;             // what was ignored, and why

    /// The story for people: several lines, the last without a line feed, and all of it escaped().
    std::string text() const;
};

/// Nothing that was asked for could be opened; what() is the whole story.
class OpenError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Opens the first backend of the request that can be had.
///
/// Errors: OpenError, if there is none; std::bad_alloc.
std::unique_ptr<Selector> open(const Request& request = {});

/// The same without OpenError: null if there is none. `choice` tells the story in either case.
std::unique_ptr<Selector> open(const Request& request, Choice& choice);

/// What open() would choose, and why: opens and closes it to find out.
Choice explain(const Request& request = {});

/// All plugins in the search folders as their files describe them, in the order in which `auto` tries them: by rank,
/// the highest first, ties by name; then those that are not described; then what was refused, by name. Of two plugins
/// of one name the first in the search counts, and the other is refused.
///
/// Nothing is loaded: there are no capabilities, `open` is null, and that a file is not refused does not mean that it
/// can be loaded.
std::vector<Backend> found(const Request& request = {});

/// One plugin, by its file, loaded whether or not it is in a search folder. A relative path is taken from the current
/// directory.
Backend load(const std::filesystem::path& file);

/// All plugins in the search folders, loaded, in the same order. This runs code of each of them, in this process: a
/// file that is broken, though nobody asked for it, may end the process. `pollux list` loads each in a process of its
/// own.
std::vector<Backend> installed(const Request& request = {});

/// Text from outside, fit for a line in a log or on a terminal: bytes that control either, or are no UTF-8, are
/// replaced by \n, \r, \t or \xNN; so are characters that end a line or turn the direction of text. What is escaped
/// already stays as it is.
std::string escaped(std::string_view text);

} // namespace pollux
