// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>
#include <vector>

/// What this process has and may have: for the rules on resources.
namespace pollux::conformance {

/// Lets the process open as many descriptors as it may be allowed; returns how many.
std::size_t raise_descriptor_limit();

/// What has to be done first: sockets can be made, and a write to a broken pipe is an error that does not end the
/// process.
void begin_process();

/// The descriptors that are open.
std::vector<int> open_descriptors();
bool is_closed_on_exec(int descriptor);

/// While it lives, only so many more descriptors can be opened.
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
/// The number by which is_asleep() knows the calling thread.
int thread_number();
/// Whether that thread sleeps in the kernel, or is gone. Where nothing tells, true after a moment that is mostly
/// enough: good to make a fault likelier to show, not for a verdict.
bool is_asleep(int thread);
/// Returns when that thread sleeps, or is_over() says that it has no more reason to; gives up after five seconds.
inline void wait_until_asleep(int thread, const auto& is_over) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!is_over() && !is_asleep(thread) && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}
/// Bytes that are allocated on the heap; 0 where nothing tells.
std::size_t heap_bytes();
/// Processor time used by all threads, and how coarse that is told.
std::chrono::nanoseconds processor_time();
std::chrono::nanoseconds processor_time_tick();

/// Makes a child that ends at once: by exit, or by exec of another program; returns when it has.
enum class Ending { exit, exec };
bool run_child(Ending ending);

/// Runs `body` in a forked child, and returns the fault that it returned, which is empty if there is none. A child that
/// hangs is ended after a minute, and that is a fault, too; one that calls exit(0) itself has none.
std::string fault_in_child(const std::function<std::string()>& body);

} // namespace pollux::conformance
