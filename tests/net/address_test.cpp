// SPDX-License-Identifier: BSL-1.0
#include "net_test.hpp"

#include <algorithm>
#include <random>

namespace pollux::net::tests {
namespace {

using Ipv4 = Address::Ipv4;
using Ipv6 = Address::Ipv6;

Address parsed(const std::string& text) {
    return good([&](auto& error) { return Address::parse(text, error); });
}

std::error_code fault(const std::string& text) {
    std::error_code error;
    EXPECT_EQ(Address::parse(text, error), Address()) << text;
    return error;
}

Ipv6 ipv6(std::initializer_list<int> front, std::initializer_list<int> back) {
    Ipv6 made{};
    std::transform(front.begin(), front.end(), made.begin(), [](int byte) { return static_cast<std::uint8_t>(byte); });
    std::transform(back.begin(), back.end(), made.end() - static_cast<std::ptrdiff_t>(back.size()),
                   [](int byte) { return static_cast<std::uint8_t>(byte); });
    return made;
}

// Every notation of an address is parsed, with ports from 0 to 65535 and the index of an interface.
RULE(address, parses) {
    EXPECT_EQ(parsed("127.0.0.1:80"), Address(Ipv4{127, 0, 0, 1}, 80));
    EXPECT_EQ(parsed("0.0.0.0:0"), Address());
    EXPECT_EQ(parsed("255.255.255.255:65535"), Address(Ipv4{255, 255, 255, 255}, 65535));
    EXPECT_EQ(parsed("1.2.3.4:0080"), Address(Ipv4{1, 2, 3, 4}, 80));
    EXPECT_EQ(parsed("[::]:0"), Address(Ipv6{}, 0));
    EXPECT_EQ(parsed("[::1]:80"), Address::loopback(Address::Kind::ipv6, 80));
    EXPECT_EQ(parsed("[2001:DB8:0:0::0:1]:443"), Address(ipv6({0x20, 0x01, 0x0d, 0xb8}, {1}), 443));
    EXPECT_EQ(parsed("[::ffff:192.0.2.1]:1"), Address(ipv6({}, {0xff, 0xff, 192, 0, 2, 1}), 1));
    EXPECT_EQ(parsed("[fe80::1%7]:1"), Address(ipv6({0xfe, 0x80}, {1}), 1, 7));
    EXPECT_EQ(parsed("[fe80::1%4294967295]:1").interface_number(), 4294967295U);
    EXPECT_EQ(parsed("[1:2:3:4:5:6:77.77.88.88]:9").port(), 9);
}

// A text that is not an address is refused with invalid_argument and a message that names what was expected.
RULE(address, refuses) {
    using enum AddressFault;
    for (const auto* text : {"", "127.0.0.1", "localhost", "[::1]"}) EXPECT_EQ(fault(text), no_port) << text;
    for (const auto* text : {"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 80",
                             "127.0.0.1:80 ", "127.0.0.1:http", "[::1]:", "[::1]:99999999999999999999", "1.2.3.4:0x50"})
        EXPECT_EQ(fault(text), bad_port) << text;
    for (const auto* text : {":80", "localhost:80", "1.2.3:80", "1.2.3.4.5:80", "256.0.0.1:80", " 1.2.3.4:80",
                             "1.2.3.4 :80", "1..3.4:80", "0x7f.0.0.1:80", "-1.2.3.4:80", "2130706433:80"})
        EXPECT_EQ(fault(text), bad_ipv4) << text;
    for (const auto* text :
         {"[]:80", "[:80", "[::1:80", "[1.2.3.4]:80", "[::g]:80", "[1:2:3:4:5:6:7]:80", "[1:2:3:4:5:6:7:8:9]:80",
          "[::1::2]:80", "[[::1]]:80", "[::1]x:80", "[12345::]:80", "[:1]:80", "[::1 ]:80"})
        EXPECT_EQ(fault(text), bad_ipv6) << text;
    for (const auto* text : {"::1:80", "fe80::1:1"}) EXPECT_EQ(fault(text), no_brackets) << text;
    for (const auto* text : {"[fe80::1%]:80", "[fe80::1%eth0]:80", "[fe80::1%4294967296]:80", "[fe80::1%-1]:80"})
        EXPECT_EQ(fault(text), bad_interface) << text;
    using namespace std::string_literals;
    EXPECT_EQ(fault("127.0.0.1\0:80"s), bad_ipv4);
    EXPECT_EQ(fault("[::1\0]:80"s), bad_ipv6);
    EXPECT_EQ(fault("127.0.0.1:80\0"s), bad_port);
    EXPECT_EQ(fault(std::string(100'000, '1').append(":80")), bad_ipv4);
    EXPECT_EQ(fault("127.0.0.1"), std::errc::invalid_argument);
    EXPECT_EQ(fault("127.0.0.1").message(), "expected a port after the address, as in 127.0.0.1:80 or [::1]:80");
    EXPECT_EQ(fault("localhost:80").message(),
              "expected four numbers from 0 to 255 before the port, as in 127.0.0.1:80; names are not resolved");
    std::vector<std::string> messages;
    for (const auto each : {no_port, bad_port, bad_ipv4, bad_ipv6, no_brackets, bad_interface})
        messages.push_back(std::error_code(each).message());
    std::sort(messages.begin(), messages.end());
    EXPECT_EQ(std::adjacent_find(messages.begin(), messages.end()), messages.end());
    EXPECT_FALSE(messages.front().empty());
    EXPECT_STREQ(address_category().name(), "pollux.address");
}

// A formatted address is parsed as the same address, and IPv6 addresses are formatted as RFC 5952 (section 4)
// recommends.
RULE(address, round_trip) {
    for (const auto* text : {"0.0.0.0:0", "127.0.0.1:80", "255.255.255.255:65535", "[::]:0", "[::1]:80",
                             "[2001:db8::1]:443", "[2001:db8:0:1:1:1:1:1]:1", "[2001:0:0:1::1]:1",
                             "[2001:db8::1:0:0:1]:1", "[::ffff:192.0.2.1]:1", "[fe80::1%7]:1", "[1:2:3:4:5:6:7:8]:9"})
        EXPECT_EQ(parsed(text).to_string(), text);
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        Ipv6 number{};
        for (auto& byte : number) byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
        const auto port = static_cast<std::uint16_t>(random());
        const Address six(number, port, random() % 2 == 0 ? static_cast<std::uint32_t>(random()) : 0);
        EXPECT_EQ(parsed(six.to_string()), six) << six.to_string();
        const Address four(Ipv4{number[0], number[1], number[2], number[3]}, port);
        EXPECT_EQ(parsed(four.to_string()), four) << four.to_string();
    }
}

// Addresses are compared by kind, bytes, interface and port, in this order.
RULE(address, compares) {
    const std::vector<Address> ordered = {
        parsed("0.0.0.0:0"), parsed("0.0.0.0:1"), parsed("0.0.0.1:0"), parsed("255.0.0.0:0"),
        parsed("[::]:0"),    parsed("[::]:1"),    parsed("[::%1]:0"),  parsed("[::1]:0"),
        parsed("[::1]:1"),   parsed("[::1%2]:0"), parsed("[1::]:0"),
    };
    for (std::size_t a = 0; a < ordered.size(); ++a) {
        for (std::size_t b = 0; b < ordered.size(); ++b) {
            EXPECT_EQ(ordered[a] == ordered[b], a == b) << a << " " << b;
            EXPECT_EQ(ordered[a] < ordered[b], a < b) << a << " " << b;
        }
    }
    EXPECT_EQ(parsed("[::1]:1").with_port(80), parsed("[::1]:80"));
    static_assert(Address::loopback(Address::Kind::ipv4, 1) != Address::any(Address::Kind::ipv4, 1));
}

} // namespace
} // namespace pollux::net::tests
