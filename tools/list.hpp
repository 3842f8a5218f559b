// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux::tools {

struct ListOptions {
    bool as_markdown = false;
    bool of_plugins = false; // their options
    bool names_only = false;
    bool as_json = false;
};

/// Runs `pollux list`: prints the installed backends, whether each is usable, and its capabilities; or what one of the
/// options requests.
/// Returns: an exit status: 1 if no backend can be opened, or not the one that POLLUX_BACKEND names. Of --options 1 if
/// no plugin is installed that can be loaded, of --markdown if no backend, of --names if none is installed.
int list(const ListOptions& options);

/// Runs `pollux list --json`: prints the installed plugins and what a program would get, as
/// docs/pollux-list.schema.json describes it.
/// Returns: an exit status, as list().
int list_as_json();

} // namespace pollux::tools
