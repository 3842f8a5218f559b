// SPDX-License-Identifier: BSL-1.0
#include "record.hpp"

#include <charconv>
#include <cstddef>
#include <system_error>

namespace pollux::tools {
namespace {

template <typename Number>
bool read_number(std::string_view text, Number& number) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && stop == text.data() + text.size();
}

} // namespace

Record& Record::add(std::string_view text) {
    bytes_ += std::to_string(text.size());
    bytes_ += ':';
    bytes_ += text;
    return *this;
}

bool RecordReader::read(std::string& text) {
    const auto colon = left_.find(':');
    std::size_t size = 0;
    if (colon == left_.npos || !read_number(left_.substr(0, colon), size) || size > left_.size() - colon - 1)
        return false;
    text = left_.substr(colon + 1, size);
    left_.remove_prefix(colon + 1 + size);
    return true;
}

bool RecordReader::read(long long& number) {
    std::string text;
    return read(text) && read_number(text, number);
}

bool RecordReader::read(int& number) {
    std::string text;
    return read(text) && read_number(text, number);
}

bool RecordReader::read(bool& value) {
    int number = 0;
    if (!read(number)) return false;
    value = number != 0;
    return true;
}

} // namespace pollux::tools
