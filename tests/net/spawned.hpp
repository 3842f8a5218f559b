// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ; // NOLINT(readability-redundant-declaration): <unistd.h> of macOS has it not

namespace pollux::net::tests {

/// A child process that runs another program, by posix_spawn(): vfork() and exec(), on Linux. It has the standard
/// streams of this process, except those that are replaced, and SIGPIPE ends it.
class Spawned {
  public:
    /// `replaced`: maps the number of a standard stream to the descriptor that replaces it.
    Spawned(std::vector<std::string> words, const std::vector<std::pair<int, int>>& replaced) {
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        for (const auto& [stream, descriptor] : replaced)
            posix_spawn_file_actions_adddup2(&actions, descriptor, stream);
        posix_spawnattr_t attributes;
        posix_spawnattr_init(&attributes);
        sigset_t by_default;
        sigemptyset(&by_default);
        sigaddset(&by_default, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes, &by_default);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        std::vector<char*> arguments;
        for (auto& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        EXPECT_EQ(posix_spawnp(&id_, arguments[0], &actions, &attributes, arguments.data(), environ), 0) << words[0];
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
    }
    ~Spawned() {
        if (!status_) kill(id_, SIGKILL);
        wait();
    }
    Spawned(const Spawned&) = delete;
    Spawned& operator=(const Spawned&) = delete;

    /// Waits for the end of the child, and returns its status, as waitpid(2) does.
    int wait() {
        if (status_) return *status_;
        int status = -1;
        while (waitpid(id_, &status, 0) == -1 && errno == EINTR) {}
        return status_.emplace(status);
    }
    bool has_ended() const {
        siginfo_t seen{};
        return waitid(P_PID, static_cast<id_t>(id_), &seen, WEXITED | WNOHANG | WNOWAIT) == 0 && seen.si_pid == id_;
    }
    /// Returns when the child waits in a system call, or has ended, if the system reports it (Linux); or after 30 s.
    void wait_until_asleep(const std::string& program) const {
#ifdef __linux__
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        const auto place = "/proc/" + std::to_string(id_) + "/stat";
        for (std::string text; !has_ended() && std::chrono::steady_clock::now() < end;) {
            std::getline(std::ifstream(place), text);
            if (text.find("(" + program + ") S") != text.npos) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
#else
        static_cast<void>(program);
#endif
    }

  private:
    pid_t id_ = -1;
    std::optional<int> status_;
};

inline bool is_blocking(int descriptor) { return (fcntl(descriptor, F_GETFL) & O_NONBLOCK) == 0; }

/// Starts a child that exits with 0 if it inherited no descriptor except the standard streams and those that this
/// process inherited.
class Inheritance {
  public:
    Inheritance() {
        // Descriptors that stay open at exec: those of other programs, unless the library breaks its promise.
        std::string usual = " 0 1 2 ";
        for (int descriptor = 3; descriptor < 1024; ++descriptor) {
            const int flags = fcntl(descriptor, F_GETFD);
            if (flags != -1 && (flags & FD_CLOEXEC) == 0) usual += std::to_string(descriptor) + " ";
        }
        // The shell has closed the folder that it listed when it tests whether a descriptor is open.
        script_ = "for f in /dev/fd/*; do [ -e $f ] || continue; case '" + usual +
                  "' in *\" ${f##*/} \"*) ;; *) exit 7;; esac; done";
    }
    /// Whether a child that is started now inherits other descriptors.
    bool is_too_large() const { return Spawned({"sh", "-c", script_}, {}).wait() != 0; }

  private:
    std::string script_;
};

/// Starts children while another thread repeats an action. Returns the number of children that inherited a descriptor
/// of that thread.
int inherited_beside(const auto& step) {
    const Inheritance inheritance;
    EXPECT_FALSE(inheritance.is_too_large()) << "with nothing beside it";
    {
        const int plain = dup(STDIN_FILENO); // NOLINT(android-cloexec-dup): that is what is tried
        EXPECT_TRUE(inheritance.is_too_large()) << "it would show";
        close(plain);
    }
    std::atomic<bool> over = false;
    std::thread busy([&] {
        while (!over) step();
    });
    int inherited = 0;
    for (int children = 0; children < 200; ++children) inherited += inheritance.is_too_large() ? 1 : 0;
    over = true;
    busy.join();
    return inherited;
}

} // namespace pollux::net::tests
