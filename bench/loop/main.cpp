// SPDX-License-Identifier: BSL-1.0
// Compares Loop with a hand-written loop, with the Poll that it uses, and with other event loops.
#include "asio.hpp"
#include "ev.hpp"
#include "event.hpp"
#include "ours.hpp"
#include "program.hpp"
#include "raw.hpp"
#include "uv.hpp"
#include "workloads.hpp"

#include <cstddef>
#include <string>

namespace {

using namespace pollux::bench;

void relays(Comparison& bench) {
    struct Size {
        std::size_t pipes, active;
    };
    for (const auto& [pipes, active] : {Size{2, 1}, Size{1'000, 1}, Size{1'000, 100}, Size{9'900, 100}}) {
        const auto workload = "relay, " + std::to_string(pipes) + " pipes, " + std::to_string(active) + " active";
        bench.run<RawEpoll, PollOverEpoll, LoopOverEpoll, LoopOverUring, UvLoop, EventBase, EvLoop, AsioContext>(
            workload, [pipes = pipes, active = active]<typename W> { return relay<W>(pipes, active); },
            {{"poll", 1.02}, {"loop", 1.05}});
    }
    bench.run<RawEpoll, LoopOverEpoll, LoopOverUring, UvLoop, EventBase, EvLoop, AsioContext>(
        "relay beside a far timer, 100 pipes, 1 active", []<typename W> { return relay<W>(100, 1, true); },
        {{"loop", 0.95}});
}

void churns(Comparison& bench) {
    bench.run<RawEpoll, PollOverEpoll, LoopOverEpoll, LoopOverUring, UvLoop, EventBase, EvLoop, AsioContext>(
        "churn that cancels out", []<typename W> { return churn<W>(); }, {{"loop", 0.1}, {"loop, io_uring", 0.1}});
}

} // namespace

int main(int argc, char** argv) {
    const Description description{
        "loop",
        "Compares Loop with a hand-written loop, and with other event loops",
        "nanoseconds of processor time for a relayed byte, or for adding and removing a watch, in a"
        " hand-written epoll loop",
        {"poll", "loop", "loop, io_uring", "libuv", "libevent", "libev", "asio"}};
    return main_of(argc, argv, description, [](Comparison& bench) {
        relays(bench);
        churns(bench);
    });
}
