// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>

/// Programs that use the libraries as services do, and account for all that they were promised.
namespace pollux::failing_calls {

/// How a victim ended: its exit status. Everything else is a crash, or what a sanitizer reports.
enum Ending : int {
    complete = 0,       // all that was asked for was delivered
    reported = 10,      // an error was reported to the program
    lost_silently = 11, // something was not delivered, and no error was reported
    left_open = 12,     // a descriptor of the libraries is still open
};

/// Pairs of connected sockets, made before anything may fail.
class Connections {
  public:
    static constexpr std::size_t count = 100;

    Connections();
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    int near(std::size_t index) const { return ends_[index][0]; }
    /// Makes the near end readable: one byte.
    void send(std::size_t index) const;
    /// Takes all bytes that have arrived; returns how many.
    std::size_t receive(std::size_t index) const;
    /// Makes all near ends readable: ends the sleep of a program whose wakes fail, after it was told so.
    void send_to_all() const {
        for (std::size_t i = 0; i < count; ++i) send(i);
    }

  private:
    std::array<std::array<int, 2>, count> ends_{};
};

/// Whether an error was reported to the program, in which thread ever.
class Reports {
  public:
    /// Whether the first report of each run is printed; set before the first run.
    static inline bool prints = false;

    /// No-op without an error. Allocates nothing, as that could fail.
    void add(const char* step, const std::error_code& error);
    void add(const char* step, const char* words);
    bool any() const { return any_.load(); }

  private:
    std::atomic<bool> any_ = false;
};

struct Victim {
    virtual ~Victim() = default;
    /// Before anything may fail.
    virtual void begin() = 0;
    /// Opens `backend`, uses it, closes all; returns an Ending.
    virtual int run() = 0;
};

std::unique_ptr<Victim> loop_victim(const std::string& backend);
std::unique_ptr<Victim> poll_victim(const std::string& backend);
/// The queues of notify, which need no backend.
std::unique_ptr<Victim> notify_victim();

/// The descriptors that are open, without a system call that is supervised.
std::size_t count_descriptors();

} // namespace pollux::failing_calls
