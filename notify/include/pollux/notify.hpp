// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event_channel.hpp>
#include <pollux/event_queue.hpp>
#include <pollux/lane_queue.hpp>

/// Threads write into storage that they share, and say "token 42 changed"; one thread learns each token once, the
/// oldest first, however often it was said. docs/notify.md says when to use which.
///
///     any thread ──Token──▶ Notifier ──▶ each token once ──▶ Poller ──Tokens──▶ one thread
///
/// Tokens are the numbers below a capacity. Each is queued at most once, so nothing is ever full; nobody takes a lock
/// or allocates on the way.
///
/// What a thread wrote before notify() is seen by whoever is given the token [notify.visible], also when the token
/// was queued already [notify.visible_conflated]: no load or lock that follows finds anything older. The call that
/// queued the token also happens before its delivery, so of that one plain data is seen, too. Shared storage that a
/// thread may write again before the token is delivered is atomic or behind a lock, here as everywhere.
namespace pollux {}
