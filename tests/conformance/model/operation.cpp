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
    std::string_view name;
    std::string_view arguments;

    bool has(std::string_view argument) const { return arguments.find(argument) != arguments.npos; }
};

// In the order of Action.
constexpr std::array<Form, action_count> forms{
    {{"add", of_watch},        {"modify", of_watch},   {"remove", of_source}, {"write", of_bytes},
     {"read", of_bytes},       {"send", of_source},    {"fill", of_source},   {"drain", of_source},
     {"shut_down", of_source}, {"hang_up", of_source}, {"reset", of_source},  {"urge", of_source},
     {"connect", of_source},   {"answer", of_source},  {"refuse", of_source}, {"close", of_source},
     {"reopen", of_source},    {"dup", of_bytes},      {"wake", of_amount},   {"select", of_amount}}};

const Form& form_of(Action action) { return forms[static_cast<std::size_t>(action)]; }

constexpr std::array<std::pair<char, Ready>, 5> letters{{{'r', Ready::readable},
                                                         {'w', Ready::writable},
                                                         {'p', Ready::priority},
                                                         {'c', Ready::closed},
                                                         {'f', Ready::failed}}};

constexpr std::array<std::pair<std::string_view, Mode>, 4> modes{
    {{"oneshot", Mode::oneshot}, {"level", Mode::level}, {"edge", Mode::edge}, {"no_mode", Mode{77}}}};

constexpr std::array<std::pair<std::string_view, TokenKind>, 2> tokens{
    {{"wake_token", TokenKind::wake}, {"reserved_token", TokenKind::reserved}}};

constexpr std::array<std::pair<std::string_view, Thread>, 3> threads{
    {{"thread", Thread::other}, {"race", Thread::race}, {"asleep", Thread::asleep}}};

constexpr std::size_t most_amount = 4096;

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

/// Reads the next word if it is one of these.
template <class Value, std::size_t count>
void read_word(std::istream& words, const std::array<std::pair<std::string_view, Value>, count>& known, Value& value) {
    words.clear();
    const auto begin = words.tellg();
    std::string word;
    words >> word;
    for (const auto& [name, meaning] : known) {
        if (name != word) continue;
        value = meaning;
        return;
    }
    words.clear();
    words.seekg(begin);
}

void read_watch(std::istream& words, Operation& operation, const std::string& line) {
    std::string interest, mode;
    words >> interest >> mode;
    if (interest.empty()) refuse("an interest", line);
    operation.interest = interest_of(interest, line);
    const auto* known = modes.begin();
    while (known != modes.end() && known->first != mode) ++known;
    if (known == modes.end()) refuse("oneshot, level, edge or no_mode", line);
    operation.mode = known->second;
    read_word(words, tokens, operation.token);
}

Operation parse_one(const std::string& line) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    const auto* form = forms.begin();
    while (form != forms.end() && form->name != name) ++form;
    if (form == forms.end()) refuse("the name of an operation", line);
    Operation operation{static_cast<Action>(form - forms.begin())};
    if (form->has("source")) operation.source = number(words, source_count - 1, line);
    if (form->has("amount")) operation.amount = number(words, most_amount, line);
    if (form->has("watch")) read_watch(words, operation, line);
    read_word(words, threads, operation.thread);
    if (operation.thread >= Thread::race && !may_race(operation.action)) refuse("an operation that may race", line);
    if (std::string rest; words >> rest) refuse("nothing more than that", line);
    return operation;
}

} // namespace

std::string text_of(const Operation& operation) {
    const auto* form = &form_of(operation.action);
    std::string text(form->name);
    if (form->has("source")) text += " " + std::to_string(operation.source);
    if (form->has("amount")) text += " " + std::to_string(operation.amount);
    if (form->has("watch")) {
        text += " " + text_of(operation.interest);
        for (const auto& [name, mode] : modes) {
            if (mode == operation.mode) text += " " + std::string(name);
        }
        for (const auto& [name, token] : tokens) {
            if (token == operation.token) text += " " + std::string(name);
        }
    }
    for (const auto& [name, thread] : threads) {
        if (thread == operation.thread) text += " " + std::string(name);
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
