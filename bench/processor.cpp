// SPDX-License-Identifier: BSL-1.0
#include "processor.hpp"

#include <cerrno>
#include <ctime>
#include <fstream>
#include <system_error>
#include <vector>

#include <sched.h>
#include <sys/utsname.h>

namespace pollux::bench {

/// The processors that the process may use; determined before any thread is pinned.
static const std::vector<std::size_t>& processors() {
    static const auto allowed = [] {
        cpu_set_t set;
        std::vector<std::size_t> numbers;
        if (sched_getaffinity(0, sizeof set, &set) == -1) {
            throw std::system_error(errno, std::system_category(), "sched_getaffinity");
        }
        for (std::size_t number = 0; number < CPU_SETSIZE; ++number) {
            if (CPU_ISSET(number, &set)) numbers.push_back(number);
        }
        return numbers;
    }();
    return allowed;
}

std::uint64_t processor_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

void pin_to(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processors()[static_cast<std::size_t>(processor) % processors().size()], &set);
    if (sched_setaffinity(0, sizeof set, &set) == -1) {
        throw std::system_error(errno, std::system_category(), "sched_setaffinity");
    }
}

static std::string model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("model name", 0) == 0) return line.substr(line.find(": ") + 2);
    }
    return "model unknown";
}

std::string machine() {
    utsname system{};
    uname(&system);
    const std::string compiler =
#if defined(__clang__)
        __VERSION__;
#else
        "GCC " __VERSION__;
#endif
    return std::to_string(processors().size()) + " processors (" + model() + "), " + system.sysname + " " +
           system.release + " " + system.machine + ", " + compiler;
}

} // namespace pollux::bench
