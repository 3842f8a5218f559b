// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The version of Pollux that a program is compiled with, as macros, so that #if can compare it. The interface between
/// programs and plugins has a version of its own: pollux::interface_version of <pollux/plugin.hpp>.
#define POLLUX_VERSION_MAJOR 0
#define POLLUX_VERSION_MINOR 1
#define POLLUX_VERSION_PATCH 0

/// 10000 * major + 100 * minor + patch: 100 is 0.1.0, and 10203 is 1.2.3.
#define POLLUX_VERSION (POLLUX_VERSION_MAJOR * 10000 + POLLUX_VERSION_MINOR * 100 + POLLUX_VERSION_PATCH)

/// "major.minor.patch".
#define POLLUX_VERSION_STRING "0.1.0"
