// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>

/// Workloads that use the libraries like a service, and check that all events are delivered.
namespace pollux::failing_calls {

/// The exit status of a workload's process. Any other status is a crash, or the report of a sanitizer.
enum ExitStatus : int {
    complete = 0,       // all events were delivered
    reported = 10,      // an error was reported to the program
    lost_silently = 11, // something was not delivered, and no error was reported
    left_open = 12,     // a descriptor of the libraries is still open
    has_changed = 13,   // a call that failed has changed something
};

/// Connections are pairs of connected sockets, made before anything may fail.
class Connections {
  public:
    static constexpr std::size_t count = 100;

    Connections();
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    int near(std::size_t index) const { return ends_[index][0]; }
    /// Makes the near end readable with one byte.
    void send(std::size_t index) const;
    /// Reads all bytes that have arrived; returns their number.
    std::size_t receive(std::size_t index) const;
    /// Makes all near ends readable, which ends the sleep of a program whose wakes have failed and were reported.
    void send_to_all() const {
        for (std::size_t i = 0; i < count; ++i) send(i);
    }

  private:
    std::array<std::array<int, 2>, count> ends_{};
};

/// Reports records whether an error was reported to the workload, in any thread.
class Reports {
  public:
    /// Whether the first report of each run is printed; set before the first run.
    static inline bool prints = false;

    /// Does nothing without an error. Allocates nothing, since that could fail.
    void add(const char* step, const std::error_code& error);
    void add(const char* step, const char* words);
    bool any() const { return any_.load(); }

  private:
    std::atomic<bool> any_ = false;
};

/// A Workload uses one of the libraries in a process whose allocations or system calls fail.
struct Workload {
    virtual ~Workload() = default;
    /// Called before the first failure.
    virtual void begin() = 0;
    /// Opens `backend`, uses it, closes all; returns the exit status.
    virtual int run() = 0;
};

std::unique_ptr<Workload> loop_workload(const std::string& backend);
std::unique_ptr<Workload> poll_workload(const std::string& backend);
/// A Poll that is non-blocking.
std::unique_ptr<Workload> look_workload(const std::string& backend);
/// The queues of notify, which need no backend.
std::unique_ptr<Workload> notify_workload();

/// The open descriptors, determined without a supervised system call.
std::size_t count_descriptors();

} // namespace pollux::failing_calls
