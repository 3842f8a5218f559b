// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/capabilities.hpp>
#include <pollux/open_failure.hpp>
#include <pollux/selector.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Functions by which a program finds, loads and chooses a backend. docs/environment.md describes the choice for users.
///
/// Threads:   Any thread may call these functions, but not while another thread changes the environment (setenv(3)).
/// Lifetime:  A plugin that was loaded is never unloaded, so no object of these types refers to an unloaded one.
/// Processes: In a set-uid or otherwise privileged process the environment is ignored, a plugin that other users can
///            replace is refused, and the file that is loaded is the one that was checked.
/// Errors:    std::bad_alloc if memory is short: no other backend is chosen for that reason.
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
    /// The same as POLLUX_BACKEND: "auto", or stacks separated by commas, tried in order. A stack is the name or file
    /// of a backend, after those of the layers around it: "trace+epoll?batch=64". element_of() converts the name of a
    /// file to this form.
    std::string backend = {};
    /// Folders that are searched before the folders of POLLUX_PLUGIN_PATH and of the installation.
    std::vector<std::filesystem::path> folders = {};
    /// The abilities that the program requires. A plugin has to be loaded to compare its capabilities: one that lacks
    /// an ability is loaded, but not opened. The capabilities of a stack are those of its outermost layer.
    Needs needs = {};
};

/// An OptionSetting is an option of a plugin, and the value that it has.
struct OptionSetting {
    std::string name;
    std::string default_value;
    std::string help;  // one line, with the unit and the range
    std::string value; // the default, if `is_given` is not set
    bool is_given = false;
};

/// A FoundPlugin describes a backend or a layer that was found: a file, or a part of the program.
struct FoundPlugin {
    std::string name = {};           // from the name of its file
    std::filesystem::path file = {}; // absolute; empty if it is linked into the program
    std::string refusal = {};        // why it cannot be loaded; if empty, the members below are valid
    bool described = false;          // kind, name, rank and summary are in its file, and were read without loading it
    bool is_linked_in = false;       // a part of the program: see <pollux/linked_plugin.hpp>

    bool is_layer = false;
    std::string summary = {};
    int rank = 0;

    // Known after it was loaded.
    Capabilities capabilities =
        {}; // of a backend, with the reasons as the plugin has them: escape them before printing
    std::vector<OptionSetting> options = {};    // in the plugin's order; all but `value` escaped()
    const class LoadedPlugin* loaded = nullptr; // opaque; null if it was not loaded

    /// Returns a new Selector of a backend, with the values of `options`, or null and the reason in `failure`.
    /// Threads: any.
    [[nodiscard]] std::unique_ptr<Selector> open(OpenFailure& failure) const noexcept;
    /// Returns a new Selector of a layer around `inner`, or null and the reason in `failure`; `inner` is then
    /// destroyed.
    [[nodiscard]] std::unique_ptr<Selector> open_around(std::unique_ptr<Selector> inner,
                                                        OpenFailure& failure) const noexcept;
};

/// An Attempt is a stack that was tried. `backend` names its backend, or the layer that failed; `file` is the file of
/// that plugin; `reason` states why it could not be opened, and is empty if it was opened.
struct Attempt {
    std::string backend;
    std::filesystem::path file;
    std::string reason;
};

/// A Choice is the report of open(): the request, all stacks that were tried, in order, and the result.
///
/// Refusals, reasons and notes are escaped(). Names of files, `requested` and `requested_layers` are not.
struct Choice {
    std::string requested;              // "auto", "io_uring,epoll", "trace+epoll"
    std::string origin;                 // where `requested` is from: "from POLLUX_BACKEND"
    std::string requested_layers;       // the value of POLLUX_LAYERS
    std::string refusal;                // why `requested` or `requested_layers` is invalid; then nothing was tried
    std::vector<Attempt> attempts;      // the last one was opened, if there is a `backend`
    std::vector<Attempt> passed_over;   // plugins that `auto` did not load for a reason other than their rank
    std::optional<FoundPlugin> backend; // what was opened, with the values of its options; empty if none was
    std::vector<FoundPlugin> layers;    // around the backend, outermost first, with the values of their options
    std::vector<std::string> installed; // names, sorted
    std::vector<std::filesystem::path> folders; // searched, in order
    std::vector<std::string> notes;             // what was ignored, and why

    /// Opens another Selector of the same stack: the backend and its layers, with the same options. Returns null, and
    /// the reason in `failure`, if that fails; without a backend the reason is operation_not_supported. Threads: any.
    [[nodiscard]] std::unique_ptr<Selector> open(OpenFailure& failure) const noexcept;

    /// Returns the backend and its layers as in POLLUX_BACKEND, with the options that were given:
    /// "trace+epoll?batch=64". Empty without a backend.
    std::string stack() const;

    /// Returns whether `requested` leaves the choice of the backend to the ranks: "auto", "trace+auto".
    bool is_auto() const noexcept;

    /// Returns the report as text, which is escaped(): several lines, the last one without a line feed.
    std::string text() const;
};

/// An OpenError states that no backend of a request could be opened; what() is Choice::text().
class OpenError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Opens the first stack of `request` that can be opened, with the layers of POLLUX_LAYERS around it.
///
/// Errors: OpenError, if there is none; std::bad_alloc.
[[nodiscard]] std::unique_ptr<Selector> open(const Request& request = {});

/// Opens the first stack of `request` that can be opened, or returns null instead of throwing OpenError. `choice` is
/// the report in either case.
[[nodiscard]] std::unique_ptr<Selector> open(const Request& request, Choice& choice);

/// Returns what open() would choose, and why: opens the backend to find out, and closes it.
Choice explain(const Request& request = {});

/// Returns the plugins that are linked into the program, and all in the search folders as their files describe them, in
/// the order in which `auto` tries them: by rank, the highest first, ties by name; then those without a description;
/// then those that are refused, by name. Of two plugins of the same name, the second one in the search is refused,
/// which begins with the program.
///
/// Nothing is loaded: a file has no capabilities, its `loaded` is null, and one without a refusal may still fail to
/// load.
std::vector<FoundPlugin> found(const Request& request = {});

/// Loads one plugin by its file, whether or not it is in a search folder. A relative path is taken from the current
/// directory.
FoundPlugin load(const std::filesystem::path& file);

/// Loads all plugins in the search folders, and returns them in the order of found(). This runs code of each of them in
/// this process: a broken file may end the process, even if the program does not request it. `pollux list` loads each
/// plugin in a process of its own.
std::vector<FoundPlugin> installed(const Request& request = {});

/// Returns the name of a file in the form that POLLUX_BACKEND and Request::backend accept, with %XX for each of
/// , + & ? = and %.
std::string element_of(const std::filesystem::path& file);

/// Returns what requests exactly that plugin: element_of() its file, or its name if it is linked into the program.
std::string element_of(const FoundPlugin& plugin);

/// Returns untrusted text in a form that is safe in a line of a log or on a terminal: control characters, bytes that
/// are not UTF-8, and characters that end a line or change the direction of text are replaced by \n, \r, \t or \xNN.
/// Text that is escaped already is unchanged.
std::string escaped(std::string_view text);

} // namespace pollux
