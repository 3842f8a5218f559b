// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace pollux::tools {

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
