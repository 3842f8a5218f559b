// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace pollux::net {

/// An AddressFault is the reason for which Address::parse() refuses a text. Each has a message of its own and compares
/// equal to std::errc::invalid_argument.
enum class AddressFault {
    no_port = 1,  ///< no port follows the address
    bad_port,     ///< the port is not a number from 0 to 65535
    bad_ipv4,     ///< the address is not four numbers from 0 to 255
    bad_ipv6,     ///< the text in the brackets is not an IPv6 address
    no_brackets,  ///< an IPv6 address without brackets, so that its port cannot be recognised
    bad_interface ///< the text that follows a "%" is not an interface index
};

const std::error_category& address_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(AddressFault fault) noexcept {
    return {static_cast<int>(fault), address_category()};
}

/// An Address is a value: an IPv4 or IPv6 address and a port. Names are not resolved.
///
///     127.0.0.1:80    [::1]:80    [fe80::1%2]:80      2 is an interface index, for link-local addresses
///
/// Two addresses are equal if kind, bytes, interface and port are equal; IPv4 orders before IPv6.
///                                                                                      [address.compares]
class Address {
  public:
    enum class Kind : std::uint8_t { ipv4, ipv6 };
    using Ipv4 = std::array<std::uint8_t, 4>;
    using Ipv6 = std::array<std::uint8_t, 16>;

    /// Constructs 0.0.0.0:0.
    constexpr Address() noexcept = default;
    /// Constructs an address from `bytes` in network order and `port` in host order.
    constexpr Address(const Ipv4& bytes, std::uint16_t port) noexcept
        : bytes_{bytes[0], bytes[1], bytes[2], bytes[3]}, port_(port) {}
    constexpr Address(const Ipv6& bytes, std::uint16_t port, std::uint32_t interface_number = 0) noexcept
        : kind_(Kind::ipv6), bytes_(bytes), interface_(interface_number), port_(port) {}

    /// The loopback address, which only this machine reaches: 127.0.0.1 or ::1.
    static constexpr Address loopback(Kind kind, std::uint16_t port) noexcept {
        if (kind == Kind::ipv4) return {Ipv4{127, 0, 0, 1}, port};
        return {Ipv6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, port};
    }
    /// The wildcard address, to bind to all addresses of this machine: 0.0.0.0 or ::.
    static constexpr Address any(Kind kind, std::uint16_t port) noexcept {
        if (kind == Kind::ipv4) return {Ipv4{}, port};
        return {Ipv6{}, port};
    }

    /// Parses what to_string() returns, and every other notation of the same address.   [address.parses]
    /// Returns 0.0.0.0:0 on failure.
    ///
    /// Errors: an AddressFault, which is invalid_argument; its message names what was expected  [address.refuses]
    static Address parse(std::string_view text, std::error_code& error) noexcept;

    /// Returns the forms shown above; IPv6 is written as RFC 5952 requires.             [address.round_trip]
    std::string to_string() const;

    constexpr Kind kind() const noexcept { return kind_; }
    constexpr std::uint16_t port() const noexcept { return port_; }
    /// The interface index of a link-local address; 0 for all others.
    constexpr std::uint32_t interface_number() const noexcept { return interface_; }
    /// The bytes of the address; an IPv4 address is in the first four.
    constexpr const Ipv6& bytes() const noexcept { return bytes_; }

    constexpr Address with_port(std::uint16_t port) const noexcept {
        auto other = *this;
        other.port_ = port;
        return other;
    }

    friend bool operator==(const Address&, const Address&) noexcept = default;
    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 warns of what the compiler generates
    friend std::strong_ordering operator<=>(const Address&, const Address&) noexcept = default;

  private:
    // In the order in which they are compared.
    Kind kind_ = Kind::ipv4;
    Ipv6 bytes_{};
    std::uint32_t interface_ = 0;
    std::uint16_t port_ = 0;
};

} // namespace pollux::net

template <>
struct std::is_error_code_enum<pollux::net::AddressFault> : std::true_type {};
