// SPDX-License-Identifier: BSL-1.0
#include "stack_list.hpp"

#include <pollux/open.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>

namespace pollux {
namespace {

constexpr std::string_view reserved = ",+&?=%";

/// Returns the beginning of a message about a part of the value.
std::string about(std::string_view text) { return "\"" + std::string(text) + "\": "; }

/// Replaces each %XX. Returns nothing if a "%" is not followed by two hexadecimal digits, or by "00".
std::optional<std::string> decoded(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result += text[i];
            continue;
        }
        const auto digits = text.substr(i + 1, 2);
        unsigned byte = 0;
        const auto [stopped, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || error != std::errc() || stopped != digits.data() + 2 || byte == 0)
            return std::nullopt;
        result += static_cast<char>(byte);
        i += 2;
    }
    return result;
}

/// Splits a text at each separator; an empty text has one empty part.
std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == text.npos) return parts;
        text.remove_prefix(end + 1);
    }
}

/// A Parser reads parts of the grammar, and keeps the first thing that is wrong.
class Parser {
  public:
    std::string refusal;

    StackReference stack(std::string_view text) {
        StackReference stack{.text = std::string(text)};
        auto parts = split(text, '+');
        stack.backend = plugin(trim(parts.back()), text);
        parts.pop_back();
        for (const auto part : parts) stack.layers.push_back(layer(part, text));
        if (stack.is_auto() && !stack.backend.options.empty())
            refuse(about(text) + "\"auto\" has no options: expected the name of a backend");
        return stack;
    }

    PluginReference layer(std::string_view part, std::string_view whole) {
        auto layer = plugin(trim(part), whole);
        if (layer.plugin == "auto") refuse(about(whole) + "\"auto\" is not a layer");
        return layer;
    }

  private:
    void refuse(std::string what) {
        if (refusal.empty()) refusal = std::move(what);
    }

    std::string decode(std::string_view text, std::string_view whole) {
        auto result = decoded(text);
        if (!result)
            refuse(about(whole) + "expected two hexadecimal digits after each \"%\", and not 00, seen \"" +
                   std::string(text) + '"');
        return result.value_or("");
    }

    PluginReference plugin(std::string_view text, std::string_view whole) {
        const auto question = text.find('?');
        PluginReference reference{.text = std::string(text)};
        reference.plugin = decode(trim(text.substr(0, question)), whole);
        reference.is_file = is_plugin_file(reference.plugin);
        if (reference.plugin.empty()) {
            refuse(whole.empty()
                       ? "an element of the list is empty: expected names or files separated by commas"
                       : about(whole) + "the name of a layer or backend is missing: expected layer+backend; a "
                                        "\"+\" in a path is written %2B");
        } else if (!reference.is_file && !is_plugin_name(reference.plugin)) {
            refuse(about(reference.plugin) + "not the name of a backend or layer: expected lower-case letters, digits "
                                             "and \"_\", or a file with its path");
        }
        if (question == text.npos) return reference;
        for (const auto part : split(text.substr(question + 1), '&')) add_option(reference, part, whole);
        return reference;
    }

    void add_option(PluginReference& reference, std::string_view part, std::string_view whole) {
        const auto equals = part.find('=');
        GivenOption option{decode(trim(part.substr(0, equals)), whole), {}};
        if (option.name.empty() || equals == part.npos)
            return refuse(about(whole) + "expected key=value after \"?\" and \"&\", seen \"" + std::string(part) + '"');
        option.value = decode(part.substr(equals + 1), whole);
        if (part.find('=', equals + 1) != part.npos)
            return refuse(about(whole) + "expected one \"=\" in an option, seen \"" + std::string(part) +
                          "\"; in a value it is written %3D");
        const auto has_name = [&option](const GivenOption& other) { return other.name == option.name; };
        if (std::ranges::any_of(reference.options, has_name))
            return refuse(about(whole) + "option \"" + option.name + "\" is given twice");
        reference.options.push_back(std::move(option));
    }
};

} // namespace

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_plugin_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

bool is_plugin_file(std::string_view text) {
#ifdef _WIN32
    return text.find_first_of("/\\") != text.npos;
#else
    return text.find('/') != text.npos;
#endif
}

StackList StackList::parse(std::string_view value) {
    value = trim(value);
    if (value.empty()) value = "auto";
    StackList list;
    Parser parser;
    for (const auto element : split(value, ',')) {
        list.stacks.push_back(parser.stack(trim(element)));
        // At the first fault: a long value has as many messages otherwise.
        if (!parser.refusal.empty()) break;
    }
    list.refusal = std::move(parser.refusal);
    const auto is_auto = [](const StackReference& stack) { return stack.is_auto(); };
    const auto found = std::ranges::find_if(list.stacks, is_auto);
    if (list.refusal.empty() && list.stacks.size() > 1 && found != list.stacks.end())
        list.refusal = about(found->text) + "\"auto\" stands for a whole list and cannot be part of one";
    return list;
}

LayerList LayerList::parse(std::string_view value) {
    value = trim(value);
    LayerList list;
    if (value.empty()) return list;
    Parser parser;
    for (const auto part : split(value, '+')) {
        list.layers.push_back(parser.layer(part, value));
        if (!parser.refusal.empty()) break;
    }
    list.refusal = std::move(parser.refusal);
    return list;
}

std::string element_of(const std::filesystem::path& file) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    for (const char c : file.string()) {
        if (reserved.find(c) == reserved.npos) {
            text += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            text += {'%', digits[byte / 16], digits[byte % 16]};
        }
    }
    return text;
}

std::string element_of(const FoundPlugin& plugin) {
    return plugin.is_linked_in ? plugin.name : element_of(plugin.file);
}

} // namespace pollux
