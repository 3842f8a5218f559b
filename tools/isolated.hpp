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

/// What became of a function that ran in a child process.
struct Answer {
    std::string bytes; // what it told, in order
    std::string end;   // how the process ended, for people: "ended by SIGBUS"; empty if its time was over before
};

/// How long run_isolated() waits for a function.
inline constexpr std::chrono::seconds isolation_limit(10);

/// Runs a function in a child process, for isolation_limit at most, and ends that process afterwards. The function may
/// tell bytes at any time; what it prints to the standard output is lost.
///
/// The caller must have one thread.
/// Errors: std::system_error if no process can be made.
Answer run_isolated(const std::function<void(const std::function<void(std::string_view)>& tell)>& function);

/// Texts and numbers in a row of bytes, for the same program.
class Record {
  public:
    Record& add(std::string_view text);
    Record& add(std::integral auto number) { return add(std::string_view(std::to_string(number))); }
    const std::string& bytes() const noexcept { return bytes_; }

  private:
    std::string bytes_;
};

/// Reads what Record wrote, in its order. False: there is no more, or it is something else.
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
