// SPDX-License-Identifier: BSL-1.0
#include "isolated.hpp"

#include <pollux/posix.hpp>
#include <pollux/time/deadline.hpp>

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pollux::tools {
namespace {

using namespace std::chrono_literals;

// The length of a message that the parent accepts.
constexpr std::size_t most_bytes = 1 << 20;

std::string name_of_signal(int number) {
    constexpr std::pair<int, const char*> names[] = {
        {SIGABRT, "SIGABRT"}, {SIGALRM, "SIGALRM"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},   {SIGHUP, "SIGHUP"},
        {SIGILL, "SIGILL"},   {SIGINT, "SIGINT"},   {SIGKILL, "SIGKILL"}, {SIGPIPE, "SIGPIPE"}, {SIGQUIT, "SIGQUIT"},
        {SIGSEGV, "SIGSEGV"}, {SIGSYS, "SIGSYS"},   {SIGTERM, "SIGTERM"}, {SIGTRAP, "SIGTRAP"}, {SIGXCPU, "SIGXCPU"}};
    for (const auto& [signal, name] : names) {
        if (signal == number) return name;
    }
    return fmt::format("signal {}", number);
}

/// Returns how a process ended, by its status of waitpid(2).
std::string text_of_status(int status) {
    if (WIFSIGNALED(status)) return "ended by " + name_of_signal(WTERMSIG(status));
    return fmt::format("ended with status {}", WEXITSTATUS(status));
}

/// Called in the child. Neither exit handlers of a plugin run, nor are buffers of the parent written.
[[noreturn]] void run_child(int pipe,
                            const std::function<void(const std::function<void(std::string_view)>&)>& function) {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    alarm(static_cast<unsigned>(2 * isolation_limit.count())); // in case the parent has ended by then
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere != -1) dup2(nowhere, STDOUT_FILENO);
    try {
        function([pipe](std::string_view bytes) {
            while (!bytes.empty()) {
                const auto size = write(pipe, bytes.data(), bytes.size());
                if (size == -1 && errno != EINTR) _exit(EXIT_FAILURE);
                if (size > 0) bytes.remove_prefix(static_cast<std::size_t>(size));
            }
        });
    } catch (const std::exception& error) {
        std::fprintf(stderr, "pollux: %s\n", error.what());
        _exit(EXIT_FAILURE);
    }
    _exit(EXIT_SUCCESS);
}

/// A Child is the parent's view of the child process; its destructor ends the process.
class Child {
  public:
    Child(pid_t process, int pipe) : process_(process), pipe_(pipe) {}
    ~Child() {
        close(pipe_);
        if (!has_ended_) {
            kill(process_, SIGKILL);
            while (waitpid(process_, nullptr, 0) == -1 && errno == EINTR) {}
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    Answer answer() {
        Answer answer;
        for (const time::Deadline end(isolation_limit); end.left() > 0ns;) {
            // Processes that the child started may keep the pipe open, so its end is no criterion.
            const bool has_ended = ends();
            const bool is_closed = !receive(answer.bytes);
            if (has_ended) {
                answer.end = text_of_status(status_);
                return answer;
            }
            pollfd source{is_closed ? -1 : pipe_, POLLIN, 0};
            poll(&source, 1, is_closed ? 1 : 20);
        }
        return answer;
    }

  private:
    bool ends() {
        if (!has_ended_) has_ended_ = waitpid(process_, &status_, WNOHANG) == process_;
        return has_ended_;
    }

    /// Reads the available bytes; returns false at the end.
    bool receive(std::string& bytes) const {
        std::array<char, 4096> part;
        for (;;) {
            const auto size = read(pipe_, part.data(), part.size());
            if (size == -1) return errno == EAGAIN || errno == EINTR;
            if (size == 0 || bytes.size() > most_bytes) return false;
            bytes.append(part.data(), static_cast<std::size_t>(size));
        }
    }

    pid_t process_;
    int pipe_;
    int status_ = 0;
    bool has_ended_ = false;
};

} // namespace

Answer run_isolated(const std::function<void(const std::function<void(std::string_view)>&)>& function) {
    std::fflush(nullptr); // otherwise the child would print it, too
    std::array<int, 2> ends{};
    if (pipe(ends.data()) == -1) throw std::system_error(posix::check(-1), "pipe");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    for (const int end : ends) fcntl(end, F_SETFD, FD_CLOEXEC);
    const pid_t process = fork();
    if (process == 0) {
        close(ends[0]);
        run_child(ends[1], function);
    }
    const auto error = posix::check(process);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        throw std::system_error(error, "fork");
    }
    return Child(process, ends[0]).answer();
}

} // namespace pollux::tools
