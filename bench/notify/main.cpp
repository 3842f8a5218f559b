// SPDX-License-Identifier: BSL-1.0
// Compares pollux/notify/notify.hpp with the published design that it replaces, and with simple alternatives.
#include "kernel.hpp"
#include "locked.hpp"
#include "lockfree.hpp"
#include "ours.hpp"
#include "program.hpp"
#include "published.hpp"
#include "queues.hpp"
#include "wakes.hpp"

#include <cstddef>
#include <map>
#include <string>

namespace {

using namespace pollux::bench;
using Ratios = Comparison::Ratios;

void queues(Comparison& bench, const std::string& workload, const Ratios& targets, const auto& set_up) {
    bench.run<PublishedQueue<false>, PublishedQueue<true>, RingQueue, Lanes, LockedQueue, LockfreeQueue, EventFdQueue>(
        workload, set_up, targets);
}

void notify_conflated(Comparison& bench) {
    queues(bench, "notify conflated, 1 thread", {{"pollux", 1.0}}, []<typename Q> { return conflated<Q>(1, 0); });
    queues(bench, "notify conflated, 2 threads, one token", {{"pollux", 0.4}},
           []<typename Q> { return conflated<Q>(2, 0); });
    queues(bench, "notify conflated, 2 threads, neighbours", {{"pollux", 0.4}},
           []<typename Q> { return conflated<Q>(2, 1); });
}

void notify_new(Comparison& bench) {
    queues(bench, "notify new, 1 thread", {{"pollux", 1.0}}, []<typename Q> { return fresh<Q>(1, 0); });
    queues(bench, "notify new, 1 producer", {{"lanes", 0.1}}, []<typename Q> { return fresh<Q>(1, 1); });
    queues(bench, "notify new, 2 producers", {{"pollux", 1.05}, {"lanes", 0.1}},
           []<typename Q> { return fresh<Q>(2, 0); });
    queues(bench, "notify new, 4 producers", {}, []<typename Q> { return fresh<Q>(4, 0); });
}

void poll_tokens(Comparison& bench) {
    queues(bench, "poll empty", {{"pollux", 1.0}}, []<typename Q> { return poll_empty<Q>(); });
    for (const auto& [batch, target] :
         std::map<std::size_t, double>{{1, 1.45}, {16, 1.45}, {128, 0.55}, {1024, 0.55}}) {
        queues(bench, "poll " + std::to_string(batch) + ", per token", {{"pollux", target}},
               [batch = batch]<typename Q> { return poll_batch<Q>(batch); });
    }
}

void wake_thread(Comparison& bench) {
    bench.run<PublishedChannel<false>, PublishedChannel<true>, Channel, LockedQueue, EventFdChannel>(
        "wake a parked receiver", []<typename W> { return wake<W>(); }, {{"pollux", 1.0}});
    bench.run<BesideEpoll<PublishedQueue<false>>, BesideEpoll<PublishedQueue<true>>, InPoll, BesideEpoll<LockedQueue>,
              BesideEpoll<LockfreeQueue>, BesideEpoll<EventFdQueue>>("wake a sleeping select()",
                                                                     []<typename W> { return wake<W>(); });
}

} // namespace

int main(int argc, char** argv) {
    const Description description{
        "notify",
        "Compares the queues of pollux/notify/notify.hpp with others; eventfd reports a notification without its"
        " token",
        "cycles for an operation of the published design",
        {"fenced", "pollux", "lanes", "mutex", "lockfree", "eventfd"}};
    return main_of(argc, argv, description, [](Comparison& bench) {
        notify_conflated(bench);
        notify_new(bench);
        poll_tokens(bench);
        wake_thread(bench);
    });
}
