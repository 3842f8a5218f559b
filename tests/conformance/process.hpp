// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>
#include <vector>

/// The resources of this process and their limits, for the rules on resources.
namespace pollux::conformance {

/// Raises the soft limit of descriptors to the hard limit; returns the new limit.
std::size_t raise_descriptor_limit();

/// Raises the soft limit of descriptors to `needed` if it is lower and the hard limit allows that; returns the limit.
std::size_t allow_descriptors(std::size_t needed);

/// Prepares the process: sockets can be made (Windows), and a write to a broken pipe is an error that does not end the
/// process. Call it first.
void begin_process();

/// Blocks the realtime signals in this thread and those that it starts: signalfd(2) is for signals that all threads of
/// a process block, those of plugins included.
void block_realtime_signals();

/// The open descriptors of the process.
std::vector<int> open_descriptors();
bool is_closed_on_exec(int descriptor);

/// A DescriptorLimit lets the process open only `more` further descriptors while it exists.
class DescriptorLimit {
  public:
    explicit DescriptorLimit(std::size_t more);
    ~DescriptorLimit();
    DescriptorLimit(const DescriptorLimit&) = delete;
    DescriptorLimit& operator=(const DescriptorLimit&) = delete;

  private:
    std::size_t before_;
};

std::size_t thread_count();
/// The id of the calling thread, for is_asleep().
int thread_number();
/// Whether the thread sleeps in the kernel, or has ended. Where the system does not report it, true after a moment that
/// is mostly enough: it makes a race more likely, and decides nothing.
bool is_asleep(int thread);
/// Returns when the thread sleeps, when is_over() returns true, or after five seconds.
inline void wait_until_asleep(int thread, const auto& is_over) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!is_over() && !is_asleep(thread) && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}
/// The bytes that are allocated on the heap; 0 where the system does not report them.
std::size_t heap_bytes();
/// The processor time of all threads, and the resolution of that time.
std::chrono::nanoseconds processor_time();
std::chrono::nanoseconds processor_time_tick();
/// How often threads of the process began to sleep or were interrupted; 0 where the system does not report it.
std::size_t context_switches();

/// Forks a child that ends at once, by exit or by exec of another program; returns after its end.
enum class Ending { exit, exec };
bool run_child(Ending ending);

/// Runs `body` in a forked child, and returns its result, which is empty if the child found no fault. A child that
/// hangs is killed after a minute, which is a fault; one that calls exit(0) has none.
std::string fault_in_child(const std::function<std::string()>& body);

} // namespace pollux::conformance
