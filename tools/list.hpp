// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux::tools {

/// Runs `pollux list`: prints the installed backends, whether each is usable, and its capabilities.
/// Returns: an exit status: 1 if no backend can be opened, or not the one that POLLUX_BACKEND names.
int list();

/// Runs `pollux list --options`: prints the options of the installed backends and layers, with their defaults.
/// Returns: an exit status: 1 if no plugin is installed that can be loaded.
int list_options();

/// Runs `pollux list --markdown`: prints the capabilities of the installed backends, as in the documentation.
/// Returns: an exit status: 1 if none is installed.
int list_as_markdown();

/// Runs `pollux list --json`: prints the installed plugins and what a program would get, as
/// docs/pollux-list.schema.json describes it.
/// Returns: an exit status, as list().
int list_as_json();

} // namespace pollux::tools
