// SPDX-License-Identifier: BSL-1.0
// Tests that text from outside in messages controls no terminal and ends no line.
#include "program.hpp"

#include <algorithm>

namespace pollux::loader_tests {
namespace {

/// Every control byte, and invalid text.
std::string all_control_bytes() {
    std::string bytes;
    for (int byte = 1; byte < 0x20; ++byte) bytes += static_cast<char>(byte);
    return bytes + "\x7f\xc2\x9b\xff\xe2\x80\xae";
}

testing::AssertionResult is_plain(const std::string& text) {
    for (const char byte : text) {
        const auto value = static_cast<unsigned char>(byte);
        const bool is_control = (value < 0x20 && byte != '\n') || value == 0x7f || value == 0xff || value == 0x9b;
        if (is_control) return testing::AssertionFailure() << "byte " << int{value} << " in: " << escaped(text);
    }
    if (text.find("\xe2\x80\xae") != text.npos) return testing::AssertionFailure() << "turned text in: " << text;
    return testing::AssertionSuccess();
}

class Escaping : public LoaderTest {
  protected:
    static void check(const Choice& choice) {
        EXPECT_TRUE(is_plain(choice.text()));
        // One line for each part of the diagnostic: no text has ended a line.
        const auto lines =
            1 + !choice.refusal.empty() + choice.attempts.size() + choice.passed_over.size() + choice.notes.size() + 1;
        EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(choice.text(), '\n')) + 1, lines) << choice.text();
        EXPECT_TRUE(is_plain(choice.refusal));
        for (const auto& note : choice.notes) EXPECT_TRUE(is_plain(note));
        for (const auto& attempt : choice.attempts) EXPECT_TRUE(is_plain(attempt.reason));
        for (const auto& file : choice.passed_over) EXPECT_TRUE(is_plain(file.reason));
    }

    const std::string hostile = all_control_bytes();
    const std::string in_name = [this] { // as part of the name of a file
        auto name = hostile;
        std::erase(name, '/');
        return name;
    }();
};

TEST_F(Escaping, each_byte) {
    EXPECT_EQ(escaped("a\n\r\tb\x01\x1b[2J\x7f"), "a\\n\\r\\tb\\x01\\x1b[2J\\x7f");
    EXPECT_EQ(escaped(std::string("\0", 1)), "\\x00");
    EXPECT_EQ(escaped("Größe, 大きさ, 🦆 C:\\a"), "Größe, 大きさ, 🦆 C:\\a");
    EXPECT_EQ(escaped("\xc2\x9b \xe2\x80\xa8 \xe2\x80\xae \xe2\x81\xa6"),
              "\\xc2\\x9b \\xe2\\x80\\xa8 \\xe2\\x80\\xae \\xe2\\x81\\xa6");
    // Invalid UTF-8: truncated, overlong, a surrogate, above the last character, a continuation byte alone.
    EXPECT_EQ(escaped("\xe2\x82"), "\\xe2\\x82");
    EXPECT_EQ(escaped("\xc0\xaf\xe0\x80\xaf"), "\\xc0\\xaf\\xe0\\x80\\xaf");
    EXPECT_EQ(escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80");
    EXPECT_EQ(escaped("\xf4\x90\x80\x80\xf8\xff"), "\\xf4\\x90\\x80\\x80\\xf8\\xff");
    EXPECT_EQ(escaped("\x80!"), "\\x80!");
    const auto once = escaped(all_control_bytes());
    EXPECT_EQ(escaped(once), once);
}

TEST_F(Escaping, invalid_value) {
    backend.set("a" + hostile + "z");
    const auto choice = explain();
    EXPECT_EQ(choice.requested, "a" + hostile + "z");
    check(choice);
    EXPECT_TRUE(contains(choice.text(), {"\"a\\x01", "\\x1b", "\\xff"}));
    try {
        static_cast<void>(open());
        ADD_FAILURE() << "opened";
    } catch (const OpenError& error) {
        EXPECT_TRUE(is_plain(error.what()));
    }
}

TEST_F(Escaping, files_and_folders) {
    const TemporaryFolder folder;
    const auto inner = folder / in_name;
    plugin_path.set(inner.string() + ":relative" + in_name);
    backend.set(inner.string() + "/x");
    check(explain()); // no such file
    backend.set("nosuch");
    check(explain()); // no such name in the folder
    put(fixture("open_fails"), inner, "open_fails");
    backend.set("open_fails,nosuch");
    check(explain());
    backend.set("auto");
    check(explain({.folders = {folder / ("other" + in_name)}}));
    fs::copy_file(fixture("no_symbol"), inner / in_name);
    backend.set((inner / in_name).string());
    const auto choice = explain();
    check(choice);
    EXPECT_TRUE(contains(choice.text(), {"not a Pollux plugin"}));
}

TEST_F(Escaping, texts_of_a_plugin) {
    const auto file = fs::path(HOSTILE) / file_name("text");
    const auto loaded = load(file);
    EXPECT_EQ(loaded.refusal, "");
    EXPECT_TRUE(contains(loaded.summary, {"a\\x1b[2Jb\\r\\nc\\x01\\x7f"}));
    EXPECT_TRUE(is_plain(loaded.summary));
    const auto failed = explain({.backend = file.string()});
    check(failed);
    EXPECT_TRUE(contains(failed.text(), {"a\\x1b[2Jb", ": Permission denied"}));
    const auto lacking = explain({.backend = file.string(), .needs = {.edge = true}});
    check(lacking);
    EXPECT_TRUE(contains(lacking.text(), {"does not offer edge, which the program needs: a\\x1b[2Jb"}));
    const TemporaryFolder folder;
    put(file, folder, "text");
    for (const auto& one : found({.folders = {folder}})) EXPECT_TRUE(is_plain(one.summary));
    check(explain({.backend = "auto", .folders = {folder}}));
}

} // namespace
} // namespace pollux::loader_tests
