// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/capabilities.hpp>
#include <pollux/selector.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// Finds, loads and chooses a backend: for programs. docs/environment.md tells the same from the user's side.
///
/// Threads:   all of it from any thread, but not beside a change of the environment (setenv).
/// Lifetime:  a plugin that was loaded is never unloaded; nothing here refers to anything that dies.
/// Processes: in a set-uid or otherwise privileged process the environment is ignored, and a plugin that others can
///            replace is refused.
namespace pollux {

/// What a program asks for. What is empty is taken from the environment.
struct Request {
    /// As POLLUX_BACKEND: "auto", or names and files separated by commas, tried in order. A file has a path
    /// separator in it.
    std::string backend = {};
    /// Searched before the folders of POLLUX_PLUGIN_PATH and of the installation.
    std::vector<std::filesystem::path> folders = {};
};

/// A plugin file that was found.
struct Backend {
    std::string name = {};           // as its file's name says
    std::filesystem::path file = {}; // absolute
    std::string refusal = {};        // why it was not loaded; empty when it was, and then the rest holds

    std::string summary = {};
    int rank = 0;
    Capabilities capabilities = {};

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
struct Choice {
    std::string asked;             // "auto", "io_uring,epoll"
    std::string origin;            // who asked: "from POLLUX_BACKEND"
    std::string refusal;           // why `asked` itself makes no sense; then nothing was tried
    std::vector<Attempt> attempts; // the last one was opened, if `winner` is there
    std::optional<Backend> winner;
    std::vector<std::string> installed;         // names, sorted
    std::vector<std::filesystem::path> folders; // searched, in order
    std::vector<std::string> notes;             // what was ignored, and why

    /// The story for people: several lines, the last without a line feed.
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

/// All plugins in the search folders: first what can be loaded, by rank, the highest first, ties by name, as `auto`
/// tries them; then what was refused, by name. Of two plugins of one name the first in the search counts, and the
/// other is refused.
std::vector<Backend> installed(const Request& request = {});

} // namespace pollux
