// SPDX-License-Identifier: BSL-1.0
// POSIX only.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace pollux::tools {

/// An Answer is the result of a function that ran in a child process.
struct Answer {
    std::string bytes; // the bytes that it sent, in order
    std::string end;   // how the process ended, such as "ended by SIGBUS"; empty if it reached the time limit
};

/// The time limit of run_isolated().
inline constexpr std::chrono::seconds isolation_limit(10);

/// Runs a function in a child process, for isolation_limit at most, and ends that process afterwards. The function may
/// send bytes at any time; its standard output is lost.
///
/// The caller must have one thread.
/// Errors: std::system_error if fork(2) or pipe(2) fails.
Answer run_isolated(const std::function<void(const std::function<void(std::string_view)>& send)>& function);

/// A Record serializes texts and numbers, to be read by the same program.
class Record {
  public:
    Record& add(std::string_view text);
    Record& add(std::integral auto number) { return add(std::string_view(std::to_string(number))); }
    const std::string& bytes() const noexcept { return bytes_; }

  private:
    std::string bytes_;
};

/// A RecordReader reads what a Record wrote, in the same order. Its functions return false at the end or on a mismatch.
class RecordReader {
  public:
    explicit RecordReader(std::string_view bytes) : left_(bytes) {}
    bool read(std::string& text);
    bool read(long long& number);
    bool read(int& number);
    bool read(bool& value);

  private:
    std::string_view left_;
};

} // namespace pollux::tools
