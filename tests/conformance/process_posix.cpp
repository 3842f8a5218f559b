// SPDX-License-Identifier: BSL-1.0
#include "process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <new>
#include <string>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace pollux::conformance {
namespace {

void set_soft_limit(std::size_t soft) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = soft;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        throw std::system_error(errno, std::system_category(), "setrlimit(RLIMIT_NOFILE)");
}

rlimit descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit;
}

} // namespace

std::size_t raise_descriptor_limit() {
    const auto limit = descriptor_limit();
    if (limit.rlim_cur < limit.rlim_max) set_soft_limit(limit.rlim_max);
    return descriptor_limit().rlim_cur;
}

std::size_t allow_descriptors(std::size_t needed) {
    const auto limit = descriptor_limit();
    if (limit.rlim_cur < needed && limit.rlim_cur < limit.rlim_max)
        set_soft_limit(std::min<rlim_t>(needed, limit.rlim_max));
    return descriptor_limit().rlim_cur;
}

void begin_process() { std::signal(SIGPIPE, SIG_IGN); }

void block_realtime_signals() {
#ifdef SIGRTMIN
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
#endif
}

std::vector<int> open_descriptors() {
    // The table is dense at its beginning, and no rule leaves a descriptor above 4,096 open.
    std::vector<int> open;
    for (int descriptor = 0; descriptor < 4096; ++descriptor) {
        if (fcntl(descriptor, F_GETFD) != -1) open.push_back(descriptor);
    }
    return open;
}

bool is_closed_on_exec(int descriptor) { return (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0; }

DescriptorLimit::DescriptorLimit(std::size_t more) : before_(descriptor_limit().rlim_cur) {
    // The limit is on the number of a descriptor, not on the count: find the number with `more` free ones below it.
    std::size_t limit = 0;
    for (std::size_t free = 0; free < more || fcntl(static_cast<int>(limit), F_GETFD) != -1; ++limit) {
        if (fcntl(static_cast<int>(limit), F_GETFD) == -1) ++free;
    }
    set_soft_limit(limit);
}

DescriptorLimit::~DescriptorLimit() { set_soft_limit(before_); }

std::size_t thread_count() {
    std::error_code none;
    std::size_t count = 0;
    for (std::filesystem::directory_iterator task("/proc/self/task", none), end; task != end; task.increment(none)) {
        ++count;
    }
    return count;
}

#ifdef __linux__

int thread_number() { return static_cast<int>(syscall(SYS_gettid)); }

bool is_asleep(int thread) {
    // proc(5): the state is the first letter after the name, which is in parentheses and may have any character.
    std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string line;
    if (!std::getline(stat, line)) return true;
    const auto name_end = line.rfind(')');
    return name_end != std::string::npos && line.compare(name_end + 1, 2, " S") == 0;
}

#else

int thread_number() { return 0; }

bool is_asleep(int) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return true;
}

#endif

std::size_t heap_bytes() {
#ifdef __GLIBC__
    return mallinfo2().uordblks;
#else
    return 0;
#endif
}

std::chrono::nanoseconds processor_time() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::chrono::nanoseconds processor_time_tick() { return std::chrono::nanoseconds(1); }

std::size_t context_switches() {
#ifdef __SANITIZE_THREAD__ // it has a thread that wakes ten times a second
    return 0;
#else
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::size_t>(usage.ru_nvcsw + usage.ru_nivcsw);
#endif
}

std::string fault_in_child(const std::function<std::string()>& body) {
    // The memory that the child shares with its parent. Not a pipe, which a child that closes all descriptors would
    // lose.
    struct SharedResult {
        bool has_returned;
        std::array<char, 2048> fault;
    };
    void* const page = mmap(nullptr, sizeof(SharedResult), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::system_error(errno, std::system_category(), "mmap");
    auto& shared = *new (page) SharedResult{};
    std::fflush(nullptr); // otherwise exit() prints it once more
    const pid_t child = fork();
    if (child == -1) throw std::system_error(errno, std::system_category(), "fork");
    if (child == 0) {
        alarm(60);
        const auto fault = body();
        fault.copy(shared.fault.data(), shared.fault.size() - 1);
        shared.has_returned = true;
        _exit(fault.empty() ? 0 : 1);
    }
    int status = 0;
    while (waitpid(child, &status, 0) == -1 && errno == EINTR) {}
    std::string fault = shared.has_returned ? shared.fault.data() : "";
    munmap(page, sizeof(SharedResult));
    if (WIFSIGNALED(status)) fault += " the child ends by signal " + std::to_string(WTERMSIG(status));
    if (fault.empty() && status != 0) fault = "the child ends with status " + std::to_string(WEXITSTATUS(status));
    return fault;
}

bool run_child(Ending ending) {
    const pid_t child = fork();
    if (child == -1) throw std::system_error(errno, std::system_category(), "fork");
    if (child == 0) {
        if (ending == Ending::exec) execl("/bin/sh", "sh", "-c", "exit 0", nullptr);
        _exit(ending == Ending::exec ? 127 : 0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) == -1 && errno == EINTR) {}
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace pollux::conformance
