// SPDX-License-Identifier: BSL-1.0
#include "completions.hpp"

namespace pollux::tools::pages {

Offer offer_of(const Argument& argument) {
    if (argument.value == "BACKEND" || argument.value == "backend") return Offer::plugins;
    if (argument.value == "FILE") return Offer::files;
    if (argument.value == "FOLDER") return Offer::folders;
    if (argument.value == "WORD[,WORD]...") return Offer::words;
    if (argument.value == "RULE" || argument.value == "RULES") return Offer::rules;
    if (argument.value == "xml:FILE") return Offer::formats;
    return Offer::nothing;
}

const std::vector<std::string>& rule_names() {
    struct Promise {
        const char* label;
        const char* since;
        const char* sentence;
    };
    static constexpr Promise promises[] = {
#include "../../tests/conformance/promises.inc"
    };
    static const auto names = [] {
        std::vector<std::string> all;
        for (const auto& promise : promises) all.emplace_back(promise.label);
        return all;
    }();
    return names;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
    std::string text;
    for (const auto& word : words) text.append(text.empty() ? "" : separator).append(word);
    return text;
}

std::string in_apostrophes(std::string_view text) {
    std::string word = "'";
    for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return word + "'";
}

} // namespace pollux::tools::pages
