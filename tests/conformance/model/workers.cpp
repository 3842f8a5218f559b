// SPDX-License-Identifier: BSL-1.0
#include "workers.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pollux::conformance::model {
namespace {

int demand(int result, const char* call) {
    if (result == -1) throw std::system_error(errno, std::system_category(), call);
    return result;
}

/// Runs in the worker's process; never returns.
[[noreturn]] void work_and_exit(const std::function<int(std::size_t, Totals&)>& work, std::size_t index, int report) {
    int status = 2;
    try {
        Totals totals;
        status = work(index, totals);
        if (write(report, &totals, sizeof totals) != sizeof totals) status = 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "pollux-model: %s\n", error.what());
    }
    std::fflush(nullptr);
    _exit(status);
}

} // namespace

int run_workers(std::size_t count, const std::function<int(std::size_t, Totals&)>& work, Totals& totals) {
    std::array<int, 2> reports{};
    demand(pipe2(reports.data(), O_CLOEXEC), "pipe2");
    std::fflush(nullptr); // otherwise each worker would print it again
    std::vector<pid_t> workers;
    for (std::size_t index = 0; index < count; ++index) {
        const pid_t worker = demand(fork(), "fork");
        if (worker == 0) work_and_exit(work, index, reports[1]);
        workers.push_back(worker);
    }
    close(reports[1]);
    int first = 0;
    while (!workers.empty()) {
        int status = 0;
        const pid_t worker = demand(waitpid(-1, &status, 0), "waitpid");
        if (std::erase(workers, worker) == 0) continue;
        if (status == 0 || first != 0) continue;
        first = WIFEXITED(status) ? WEXITSTATUS(status) : 3;
        if (WIFSIGNALED(status)) std::fprintf(stderr, "pollux-model: a worker ended by signal %d\n", WTERMSIG(status));
        for (const pid_t other : workers) kill(other, SIGTERM);
    }
    for (Totals part; read(reports[0], &part, sizeof part) == sizeof part;) {
        totals.sequences += part.sequences;
        totals.operations += part.operations;
        totals.events += part.events;
    }
    close(reports[0]);
    return first;
}

} // namespace pollux::conformance::model
