// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Includes the headers of the core for programs: Poll, the choice of a backend, what passes through them, and the
/// version. Plugins include <pollux/toolkit.hpp> instead; loop, net and notify have headers of their own.
#include <pollux/capabilities.hpp>
#include <pollux/event.hpp>
#include <pollux/open.hpp>
#include <pollux/open_failure.hpp>
#include <pollux/poll.hpp>
#include <pollux/registrator.hpp>
#include <pollux/selector.hpp>
#include <pollux/version.hpp>
