// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/notify/token_channel.hpp>
#include <pollux/notify/token_lanes.hpp>
#include <pollux/notify/token_queue.hpp>

/// Token queues: any thread notifies that the datum of a token has changed, and one thread receives each token once,
/// the oldest first, however often it was notified. docs/notify.md compares the kinds of queues.
///
///     any thread ──Token──▶ Notifier ──▶ each token once ──▶ Poller ──Tokens──▶ one thread
///
/// Tokens are the numbers below a capacity. Each is queued at most once, so a queue is never full. No call takes a lock
/// or allocates.
///
/// A thread that receives a token sees what other threads wrote before notify()         [notify.visible]
/// even if the token was queued already: no load or lock that follows finds an older value.  [notify.visible_conflated]
/// The call that queued the token also happens before its delivery, so plain data that was written before that call is
/// seen, too. Shared storage that a thread may write again before the token is delivered has to be atomic or protected
/// by a lock.
namespace pollux::notify {}
