// SPDX-License-Identifier: BSL-1.0
#include "line.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace pollux::trace {

Line& Line::operator<<(std::string_view text) noexcept {
    const auto count = std::min(text.size(), text_.size() - 1 - size_); // one byte is for the line feed
    std::copy_n(text.begin(), count, text_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += count;
    return *this;
}

Line& Line::operator<<(long long number) noexcept {
    std::array<char, 24> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

Line& Line::operator<<(Token token) noexcept {
    if (token == wake_token) return *this << "wake";
    std::array<char, 24> digits;
    const auto number = static_cast<std::uint64_t>(token);
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return *this << "token " << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

Line& Line::operator<<(Ready ready) noexcept {
    struct Name {
        Ready condition;
        std::string_view name;
    };
    constexpr std::array<Name, 6> names{{{Ready::readable, "readable"},
                                         {Ready::writable, "writable"},
                                         {Ready::priority, "priority"},
                                         {Ready::closed, "closed"},
                                         {Ready::failed, "failed"},
                                         {Ready::expired, "expired"}}};
    if (ready == Ready::none) return *this << "none";
    std::string_view separator;
    for (const auto& [condition, name] : names) {
        if (!any(ready & condition)) continue;
        *this << separator << name;
        separator = "|";
    }
    return *this;
}

Line& Line::operator<<(Mode mode) noexcept {
    switch (mode) {
    case Mode::oneshot:
        return *this << "oneshot";
    case Mode::level:
        return *this << "level";
    case Mode::edge:
        return *this << "edge";
    }
    return *this << "mode " << static_cast<long long>(mode);
}

Line& Line::operator<<(const Timeout& timeout) noexcept {
    return timeout ? *this << static_cast<long long>(timeout->count()) << " ns" : *this << "forever";
}

Line& Line::operator<<(const std::error_code& error) noexcept {
    if (!error) return *this << "ok";
    // Not message(), which allocates.
    return *this << "error " << static_cast<long long>(error.value()) << ", "
                 << std::strerror(error.value()); // NOLINT(concurrency-mt-unsafe): a known number has a constant text
}

std::string_view Line::end() noexcept {
    text_[size_++] = '\n';
    return {text_.data(), size_};
}

} // namespace pollux::trace
