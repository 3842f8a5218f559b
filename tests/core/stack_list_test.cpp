// SPDX-License-Identifier: BSL-1.0
// Tests of the grammar of POLLUX_BACKEND and POLLUX_LAYERS.
#include "stack_list.hpp"

#include <pollux/open.hpp>

#include <gtest/gtest.h>

namespace pollux::core_tests {
namespace {

using Names = std::vector<std::string>;

/// The backends of a value, with their layers: "a+b" and so on, decoded.
Names plugins_of(std::string_view value) {
    Names names;
    const auto list = StackList::parse(value);
    EXPECT_EQ(list.refusal, "") << value;
    for (const auto& stack : list.stacks) {
        std::string name;
        for (const auto& layer : stack.layers) name += layer.plugin + "+";
        names.push_back(name + stack.backend.plugin);
    }
    return names;
}

std::string options_of(const PluginReference& plugin) {
    std::string text;
    for (const auto& [name, value] : plugin.options) text += "[" + name + "=" + value + "]";
    return text;
}

TEST(StackList, is_auto_if_empty) {
    for (const char* value : {"", " \t ", "auto", " auto "}) {
        const auto list = StackList::parse(value);
        EXPECT_EQ(list.refusal, "") << value;
        ASSERT_EQ(list.stacks.size(), 1U) << value;
        EXPECT_TRUE(list.stacks[0].is_auto()) << value;
    }
    EXPECT_FALSE(StackList::parse("automatic").stacks.at(0).is_auto());
    EXPECT_FALSE(StackList::parse("./auto").stacks.at(0).is_auto());
}

TEST(StackList, has_names_and_files_in_order) {
    EXPECT_EQ(plugins_of("epoll"), Names{"epoll"});
    EXPECT_EQ(plugins_of(" io_uring,\tepoll "), (Names{"io_uring", "epoll"}));
    EXPECT_EQ(plugins_of("a,a,0_9"), (Names{"a", "a", "0_9"}));
    EXPECT_EQ(plugins_of("epoll,./a%2Bb%3fc d%2C%25%3D%26.so,/"), (Names{"epoll", "./a+b?c d,%=&.so", "/"}));
}

TEST(StackList, has_layers_outermost_first) {
    const auto list = StackList::parse("a+./b.so + c , trace+auto");
    EXPECT_NE(list.refusal, ""); // auto is not the only element
    EXPECT_EQ(plugins_of("a+./b.so + c,d"), (Names{"a+./b.so+c", "d"}));
    const auto stack = StackList::parse("trace+auto").stacks.at(0);
    EXPECT_TRUE(stack.is_auto());
    ASSERT_EQ(stack.layers.size(), 1U);
    EXPECT_EQ(stack.layers[0].plugin, "trace");
}

TEST(StackList, has_options_of_each_plugin) {
    const auto list = StackList::parse("trace?file=/tmp/a%2Bb&x= +epoll?batch=64,./e.so?a=%41%e2%82%ac&_=%0a");
    EXPECT_EQ(list.refusal, "");
    ASSERT_EQ(list.stacks.size(), 2U);
    EXPECT_EQ(options_of(list.stacks[0].layers.at(0)), "[file=/tmp/a+b][x=]");
    EXPECT_EQ(options_of(list.stacks[0].backend), "[batch=64]");
    EXPECT_EQ(list.stacks[0].text, "trace?file=/tmp/a%2Bb&x= +epoll?batch=64");
    EXPECT_EQ(options_of(list.stacks[1].backend), "[a=A\xe2\x82\xac][_=\n]");
    EXPECT_TRUE(list.stacks[1].backend.is_file);
}

TEST(StackList, states_what_is_wrong) {
    const auto refuses = [](const char* value, const char* fact) {
        const auto refusal = StackList::parse(value).refusal;
        EXPECT_NE(refusal.find(fact), refusal.npos) << value << ": " << refusal;
    };
    for (const char* value : {",", "a,", ",a", "a,,b", "a, ,b"}) refuses(value, "element of the list is empty");
    refuses("a,auto", "\"auto\" stands for a whole list");
    refuses("auto,a", "\"auto\" stands for a whole list");
    refuses("trace+auto,a", "\"auto\" stands for a whole list");
    refuses("auto+epoll", "\"auto\" is not a layer");
    refuses("auto?batch=1", "\"auto\" has no options");
    for (const char* value : {"+", "+a", "a+", "a++b", "/c++/a.so", "a,b+"})
        refuses(value, "is missing: expected layer+backend");
    for (const char* value : {"?", "?a=1", "b+?a=1"}) refuses(value, "is missing: expected layer+backend");
    for (const char* value : {"a?", "a?b", "a?=1", "a?b=1&", "a?b=1&&c=2", "a?&b=1", "a? =1"}) {
        refuses(value, "expected key=value");
    }
    refuses("a?b=1=2", "expected one \"=\"");
    refuses("a?b=1&c=2&b=1", "option \"b\" is given twice");
    refuses("a?b=1&%62=1", "option \"b\" is given twice");
    for (const char* value : {"a?b=%", "a?b=%4", "a?b=%zz", "a?b=%+1", "a?b=% 1", "a?b=%00", "a?%=1", "./%.so"}) {
        refuses(value, "two hexadecimal digits");
    }
    for (const char* value : {"Epoll", "e poll", "e-poll", "epoll.so", "..", "\xc3\xa9", "a\n", "T+a", "a%20"}) {
        refuses(value, "not the name of a backend or layer");
    }
}

TEST(LayerList, has_layers_outermost_first) {
    EXPECT_TRUE(LayerList::parse(" \t").layers.empty());
    const auto list = LayerList::parse("trace?file=%2Ftmp%2Fx + ./layer.so");
    EXPECT_EQ(list.refusal, "");
    ASSERT_EQ(list.layers.size(), 2U);
    EXPECT_EQ(options_of(list.layers[0]), "[file=/tmp/x]");
    EXPECT_EQ(list.layers[1].plugin, "./layer.so");
    for (const char* value : {"+", "a+", "a,b", "auto", "a+auto", "A"})
        EXPECT_NE(LayerList::parse(value).refusal, "") << value;
}

TEST(StackList, reads_files_as_element_of_writes_them) {
    const std::string file = "./a+b,c?d=e&f%g/x y.so";
    EXPECT_EQ(element_of(file), "./a%2Bb%2Cc%3Fd%3De%26f%25g/x y.so");
    EXPECT_EQ(plugins_of(element_of(file)), Names{file});
}

TEST(StackList, distinguishes_names_from_files) {
    EXPECT_TRUE(is_plugin_name("poll_fallback2"));
    EXPECT_FALSE(is_plugin_name(""));
    EXPECT_FALSE(is_plugin_name("a/b"));
    EXPECT_TRUE(is_plugin_file("a/b"));
    EXPECT_TRUE(is_plugin_file("/"));
    EXPECT_FALSE(is_plugin_file("a.so"));
    EXPECT_EQ(trim("  a b\t"), "a b");
    EXPECT_EQ(trim(" "), "");
}

} // namespace
} // namespace pollux::core_tests
