// SPDX-License-Identifier: BSL-1.0
#include <pollux/net/address.hpp>

#include "socket_address.hpp"

#include <charconv>

namespace pollux::net {

namespace {

class AddressCategory final : public std::error_category {
  public:
    const char* name() const noexcept override { return "pollux.address"; }

    std::string message(int fault) const override {
        switch (static_cast<AddressFault>(fault)) {
        case AddressFault::no_port:
            return "expected a port after the address, as in 127.0.0.1:80 or [::1]:80";
        case AddressFault::bad_port:
            return "expected a number from 0 to 65535 after the last \":\"";
        case AddressFault::bad_ipv4:
            return "expected four numbers from 0 to 255 before the port, as in 127.0.0.1:80; names are not resolved";
        case AddressFault::bad_ipv6:
            return "expected an IPv6 address in the brackets, as in [::1]:80";
        case AddressFault::no_brackets:
            return "expected brackets around an IPv6 address, as in [::1]:80";
        case AddressFault::bad_interface:
            return "expected an interface index after \"%\", as in [fe80::1%2]:80";
        }
        return "unknown fault " + std::to_string(fault);
    }

    std::error_condition default_error_condition(int) const noexcept override { return std::errc::invalid_argument; }
};

/// Reads `text` if it is a number and nothing else.
template <typename Number>
bool read(std::string_view text, Number& number) noexcept {
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && stop == end && !text.empty();
}

template <typename Bytes>
bool read(int family, std::string_view text, Bytes& bytes) noexcept {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != text.npos) return false;
    text.copy(terminated.data(), text.size());
    return ::inet_pton(family, terminated.data(), bytes.data()) == 1;
}

Address parse_ipv4(std::string_view text, std::uint16_t port, std::error_code& error) noexcept {
    Address::Ipv4 bytes{};
    if (read(AF_INET, text, bytes)) return {bytes, port};
    error = text.find(':') == text.npos ? AddressFault::bad_ipv4 : AddressFault::no_brackets;
    return {};
}

/// `text` includes the brackets.
Address parse_ipv6(std::string_view text, std::uint16_t port, std::error_code& error) noexcept {
    Address::Ipv6 bytes{};
    std::uint32_t interface_number = 0;
    const bool is_whole = text.back() == ']';
    text = text.substr(1, text.size() - 2);
    const auto percent = text.find('%');
    if (!is_whole || !read(AF_INET6, text.substr(0, percent), bytes)) {
        error = AddressFault::bad_ipv6;
    } else if (percent != text.npos && !read(text.substr(percent + 1), interface_number)) {
        error = AddressFault::bad_interface;
    }
    if (error) return {};
    return {bytes, port, interface_number};
}

} // namespace

const std::error_category& address_category() noexcept {
    static const AddressCategory category;
    return category;
}

Address Address::parse(std::string_view text, std::error_code& error) noexcept {
    error.clear();
    const bool in_brackets = text.substr(0, 1) == "[";
    const auto closing = in_brackets ? text.find(']') : 0;
    if (closing == text.npos) {
        error = AddressFault::bad_ipv6;
        return {};
    }
    const auto colon = text.rfind(':');
    std::uint16_t port = 0;
    if (colon == text.npos || colon < closing) {
        error = AddressFault::no_port;
    } else if (!read(text.substr(colon + 1), port)) {
        error = AddressFault::bad_port;
    } else if (in_brackets) {
        return parse_ipv6(text.substr(0, colon), port, error);
    } else {
        return parse_ipv4(text.substr(0, colon), port, error);
    }
    return {};
}

std::string Address::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool is_ipv4 = kind_ == Kind::ipv4;
    ::inet_ntop(is_ipv4 ? AF_INET : AF_INET6, bytes_.data(), text.data(), text.size());
    std::string all = text.data();
    if (interface_ != 0) all += "%" + std::to_string(interface_);
    if (!is_ipv4) all = "[" + all + "]";
    return all + ":" + std::to_string(port_);
}

} // namespace pollux::net
