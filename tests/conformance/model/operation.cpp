// SPDX-License-Identifier: BSL-1.0
#include "operation.hpp"

#include <array>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace pollux::conformance::model {
namespace {

constexpr std::string_view of_source = "source", of_watch = "source watch", of_bytes = "source amount",
                           of_amount = "amount";

struct Form {
    Action action;
    std::string_view name;
    std::string_view arguments;

    bool has(std::string_view argument) const { return arguments.find(argument) != arguments.npos; }
};

constexpr std::array<Form, 14> forms{{{Action::add, "add", of_watch},
                                      {Action::modify, "modify", of_watch},
                                      {Action::remove, "remove", of_source},
                                      {Action::write, "write", of_bytes},
                                      {Action::read, "read", of_bytes},
                                      {Action::send, "send", of_source},
                                      {Action::fill, "fill", of_source},
                                      {Action::drain, "drain", of_source},
                                      {Action::shut_down, "shut_down", of_source},
                                      {Action::hang_up, "hang_up", of_source},
                                      {Action::close, "close", of_source},
                                      {Action::reopen, "reopen", of_source},
                                      {Action::wake, "wake", of_amount},
                                      {Action::select, "select", of_amount}}};

constexpr std::array<std::pair<char, Ready>, 5> letters{{{'r', Ready::readable},
                                                         {'w', Ready::writable},
                                                         {'p', Ready::priority},
                                                         {'c', Ready::closed},
                                                         {'f', Ready::failed}}};

constexpr std::array<std::pair<std::string_view, Mode>, 4> modes{
    {{"oneshot", Mode::oneshot}, {"level", Mode::level}, {"edge", Mode::edge}, {"no_mode", Mode{77}}}};

constexpr std::size_t most_amount = 4096;
constexpr std::string_view wake_token_word = "wake_token";

std::string text_of(Ready interest) {
    std::string text;
    for (const auto& [letter, member] : letters) {
        if (any(interest & member)) text += letter;
    }
    return text.empty() ? "-" : text;
}

[[noreturn]] void refuse(std::string_view expected, const std::string& line) {
    throw std::invalid_argument("expected " + std::string(expected) + " in \"" + line + "\"");
}

std::size_t number(std::istream& words, std::size_t most, const std::string& line) {
    std::size_t value = 0;
    if (!(words >> value) || value > most) refuse("a number from 0 to " + std::to_string(most), line);
    return value;
}

Ready interest_of(const std::string& text, const std::string& line) {
    Ready interest = Ready::none;
    for (const char letter : text == "-" ? "" : text) {
        const auto* known = letters.begin();
        while (known != letters.end() && known->first != letter) ++known;
        if (known == letters.end()) refuse("an interest, letters of \"rwpcf\" or \"-\",", line);
        interest |= known->second;
    }
    return interest;
}

void read_watch(std::istream& words, Operation& operation, const std::string& line) {
    std::string interest, mode, token;
    words >> interest >> mode >> token;
    if (interest.empty()) refuse("an interest", line);
    operation.interest = interest_of(interest, line);
    const auto* known = modes.begin();
    while (known != modes.end() && known->first != mode) ++known;
    if (known == modes.end()) refuse("oneshot, level, edge or no_mode", line);
    operation.mode = known->second;
    operation.asks_for_wake_token = token == wake_token_word;
    if (!token.empty() && !operation.asks_for_wake_token) refuse("wake_token or nothing after the mode", line);
}

Operation parse_one(const std::string& line) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    const auto* form = forms.begin();
    while (form != forms.end() && form->name != name) ++form;
    if (form == forms.end()) refuse("the name of an operation", line);
    Operation operation{form->action};
    if (form->has("source")) operation.source = number(words, source_count - 1, line);
    if (form->has("amount")) operation.amount = number(words, most_amount, line);
    if (form->has("watch")) read_watch(words, operation, line);
    words.clear();
    if (std::string rest; words >> rest) refuse("nothing more than that", line);
    return operation;
}

} // namespace

std::string text_of(const Operation& operation) {
    const auto* form = forms.begin();
    while (form->action != operation.action) ++form;
    std::string text(form->name);
    if (form->has("source")) text += " " + std::to_string(operation.source);
    if (form->has("amount")) text += " " + std::to_string(operation.amount);
    if (form->has("watch")) {
        text += " " + text_of(operation.interest);
        for (const auto& [name, mode] : modes) {
            if (mode == operation.mode) text += " " + std::string(name);
        }
        if (operation.asks_for_wake_token) text += " " + std::string(wake_token_word);
    }
    return text;
}

std::string text_of(const Sequence& sequence) {
    std::string text;
    for (const auto& operation : sequence) text += (text.empty() ? "" : "; ") + text_of(operation);
    return text;
}

Sequence parse(const std::string& text) {
    Sequence sequence;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line, ';');) sequence.push_back(parse_one(line));
    return sequence;
}

} // namespace pollux::conformance::model
