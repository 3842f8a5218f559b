// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux::tools {

/// `pollux list`: the installed backends, whether each works here, and what it can do.
/// Returns: an exit status: 1 if no backend can be had, or not the one that POLLUX_BACKEND asks for.
int list();

/// `pollux list --markdown`: what the installed backends can do, as the pages of the documentation have it.
/// Returns: an exit status: 1 if there is none.
int list_as_markdown();

} // namespace pollux::tools
