// SPDX-License-Identifier: BSL-1.0
// Compares pollux/time/timer_wheel.hpp, and the timers of Loop, which use it, with those of other libraries.
#include "asio.hpp"
#include "ev.hpp"
#include "loop.hpp"
#include "program.hpp"
#include "uv.hpp"
#include "wheel.hpp"
#include "workloads.hpp"

#include <cstddef>
#include <string>

int main(int argc, char** argv) {
    using namespace pollux::bench;
    const Description description{
        "timers",
        "Compares the timer wheel, and Loop, which uses it, with the timers of other libraries",
        "nanoseconds for an operation of the bare wheel",
        {"loop", "asio", "libev", "libuv"}};
    return main_of(argc, argv, description, [](Comparison& bench) {
        for (const std::size_t count : {1'000U, 100'000U, 1'000'000U}) {
            const auto add = [&](const std::string& operation, const auto& set_up) {
                bench.run<WheelTimers, LoopTimers, AsioTimers, EvTimers, UvTimers>(
                    operation + ", " + std::to_string(count) + " timers", set_up, {{"loop", 1.3}}, {{"libev", 1.0}});
            };
            add("insert", [=]<typename T> { return work<T>(count, &Work<T>::insert); });
            add("cancel", [=]<typename T> { return work<T>(count, &Work<T>::cancel); });
            add("rearm", [=]<typename T> { return work<T>(count, &Work<T>::rearm); });
            add("fire", [=]<typename T> { return work<T>(count, &Work<T>::fire); });
        }
    });
}
