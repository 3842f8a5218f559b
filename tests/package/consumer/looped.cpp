// SPDX-License-Identifier: BSL-1.0
// A timer, a post of another thread, and the end of run().
#include <pollux/loop/loop.hpp>

#include <cstdio>
#include <thread>

int main() {
    using namespace std::chrono_literals;
    pollux::loop::Loop loop;
    int posts = 0, ticks = 0;
    pollux::loop::Timer timer = loop.every(1ms, [&] {
        if (++ticks == 3) timer.close();
    });
    std::thread other([poster = loop.poster(), keep_alive = loop.keep_alive(), &posts] {
        static_cast<void>(poster.post([&posts] { ++posts; }));
    });
    const bool pending = loop.run();
    other.join();
    const bool works = !pending && posts == 1 && ticks == 3;
    std::puts(works ? "called and ended" : "FAILS");
    return works ? 0 : 1;
}
