// SPDX-License-Identifier: BSL-1.0
#include "backend_list.hpp"

#include <gtest/gtest.h>

namespace pollux::core_tests {
namespace {

using Elements = std::vector<std::string>;

TEST(BackendList, is_empty_for_auto) {
    for (const char* value : {"", " \t ", "auto", " auto "}) {
        const auto list = BackendList::parse(value);
        EXPECT_TRUE(list.elements.empty()) << value;
        EXPECT_EQ(list.refusal, "") << value;
    }
}

TEST(BackendList, has_names_and_files_in_order) {
    EXPECT_EQ(BackendList::parse("epoll").elements, Elements{"epoll"});
    EXPECT_EQ(BackendList::parse(" io_uring,\tepoll ").elements, (Elements{"io_uring", "epoll"}));
    EXPECT_EQ(BackendList::parse("a,a,0_9").elements, (Elements{"a", "a", "0_9"}));
    EXPECT_EQ(BackendList::parse("epoll,./a+b?c d.so,/").elements, (Elements{"epoll", "./a+b?c d.so", "/"}));
    EXPECT_EQ(BackendList::parse("automatic").elements, Elements{"automatic"});
}

TEST(BackendList, says_what_is_wrong) {
    const auto says = [](const char* value, const char* fact) {
        const auto refusal = BackendList::parse(value).refusal;
        EXPECT_NE(refusal.find(fact), refusal.npos) << value << ": " << refusal;
    };
    for (const char* value : {",", "a,", ",a", "a,,b", "a, ,b"}) says(value, "element of the list is empty");
    says("a,auto", "\"auto\"");
    says("auto,a", "\"auto\"");
    says("watermark+epoll", "\"watermark+epoll\": layers");
    says("a, epoll?high=1", "\"epoll?high=1\": options");
    for (const char* value : {"Epoll", "e poll", "e-poll", "epoll.so", "..", "\xc3\xa9", "a\n"}) {
        says(value, "not a backend's name");
    }
}

TEST(BackendList, knows_names_from_files) {
    EXPECT_TRUE(is_backend_name("poll_fallback2"));
    EXPECT_FALSE(is_backend_name(""));
    EXPECT_FALSE(is_backend_name("a/b"));
    EXPECT_TRUE(is_backend_file("a/b"));
    EXPECT_TRUE(is_backend_file("/"));
    EXPECT_FALSE(is_backend_file("a.so"));
    EXPECT_EQ(trim("  a b\t"), "a b");
    EXPECT_EQ(trim(" "), "");
}

} // namespace
} // namespace pollux::core_tests
