// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pollux::tools {

/// A JsonWriter appends values to a text in JSON. Each line of a text that it writes is escaped(), so a value has no
/// control characters but line feeds, and is UTF-8.
class JsonWriter {
  public:
    JsonWriter& begin(char bracket) {
        next();
        text_ += bracket;
        is_first_ = true;
        ++depth_;
        return *this;
    }
    JsonWriter& end(char bracket) {
        --depth_;
        if (!is_first_) line();
        text_ += bracket;
        is_first_ = false;
        return *this;
    }
    JsonWriter& key(std::string_view name) {
        value(name);
        text_ += ": ";
        is_after_key_ = true;
        return *this;
    }
    JsonWriter& value(std::string_view text) {
        next();
        text_ += '"';
        for (std::size_t begin = 0; begin <= text.size();) {
            const auto end = std::min(text.find('\n', begin), text.size());
            if (begin > 0) text_ += "\\n";
            for (const char c : escaped(text.substr(begin, end - begin))) {
                if (c == '"' || c == '\\') text_ += '\\';
                text_ += c;
            }
            begin = end + 1;
        }
        text_ += '"';
        return *this;
    }
    /// Appends a number, or true or false.
    JsonWriter& literal(std::string_view text) {
        next();
        text_ += text;
        return *this;
    }
    JsonWriter& member(std::string_view name, std::string_view text) { return key(name).value(text); }
    JsonWriter& member(std::string_view name, const std::string& text) { return key(name).value(text); }
    JsonWriter& member(std::string_view name, const char* text) { return key(name).value(text); }
    JsonWriter& member(std::string_view name, bool is) { return key(name).literal(is ? "true" : "false"); }
    JsonWriter& member(std::string_view name, std::integral auto number) {
        return key(name).literal(std::to_string(number));
    }
    JsonWriter& member(std::string_view name, const std::vector<std::pair<std::string, std::string>>& texts) {
        key(name).begin('{');
        for (const auto& [each, text] : texts) member(each, text);
        return end('}');
    }
    /// Appends a member that is an array of texts.
    JsonWriter& member(std::string_view name, const std::vector<std::string>& texts) {
        key(name).begin('[');
        for (const auto& text : texts) value(text);
        return end(']');
    }
    std::string text() const { return text_ + "\n"; }

  private:
    void line() { text_ += "\n" + std::string(2 * depth_, ' '); }
    void next() {
        if (is_after_key_) {
            is_after_key_ = false;
            return;
        }
        if (!is_first_) text_ += ',';
        if (depth_ > 0) line();
        is_first_ = false;
    }

    std::string text_;
    std::size_t depth_ = 0;
    bool is_first_ = true, is_after_key_ = false;
};

} // namespace pollux::tools
