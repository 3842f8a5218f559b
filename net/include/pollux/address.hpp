// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace pollux {

/// Why a text is no Address. Each has words of its own, and each is std::errc::invalid_argument.
enum class AddressFault {
    no_port = 1,  ///< nothing behind the address
    bad_port,     ///< not a number from 0 to 65535
    bad_ipv4,     ///< not four numbers from 0 to 255
    bad_ipv6,     ///< not what stands in brackets
    no_brackets,  ///< IPv6 and a port with nothing to tell them apart
    bad_interface ///< behind a "%" something other than the number of an interface
};

const std::error_category& address_category() noexcept;
inline std::error_code make_error_code(AddressFault fault) noexcept {
    return {static_cast<int>(fault), address_category()};
}

/// An address of IPv4 or IPv6, and a port: a value. Names are not resolved.
///
///     127.0.0.1:80    [::1]:80    [fe80::1%2]:80      2 is the number of an interface, for link-local addresses
///
/// Equal are those whose kind, bytes, interface and port are; IPv4 comes before IPv6 [address.compares].
class Address {
  public:
    enum class Kind : std::uint8_t { ipv4, ipv6 };
    using Ipv4 = std::array<std::uint8_t, 4>;
    using Ipv6 = std::array<std::uint8_t, 16>;

    /// 0.0.0.0:0
    constexpr Address() noexcept = default;
    /// Bytes as they are written, first to last; a port in the order of this machine.
    constexpr Address(const Ipv4& bytes, std::uint16_t port) noexcept
        : bytes_{bytes[0], bytes[1], bytes[2], bytes[3]}, port_(port) {}
    constexpr Address(const Ipv6& bytes, std::uint16_t port, std::uint32_t interface_number = 0) noexcept
        : kind_(Kind::ipv6), bytes_(bytes), interface_(interface_number), port_(port) {}

    /// What only this machine reaches: 127.0.0.1 or ::1.
    static constexpr Address loopback(Kind kind, std::uint16_t port) noexcept {
        if (kind == Kind::ipv4) return {Ipv4{127, 0, 0, 1}, port};
        return {Ipv6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, port};
    }
    /// All addresses of this machine, to bind to: 0.0.0.0 or ::.
    static constexpr Address any(Kind kind, std::uint16_t port) noexcept {
        if (kind == Kind::ipv4) return {Ipv4{}, port};
        return {Ipv6{}, port};
    }

    /// Reads what to_string() writes, and each other way to write the same address [address.parses]. On failure the
    /// address is 0.0.0.0:0.
    ///
    /// Errors: an AddressFault, which is invalid_argument; the message says what was expected [address.refuses]
    static Address parse(std::string_view text, std::error_code& error) noexcept;

    /// As in the picture above; IPv6 as RFC 5952 wants it [address.round_trip].
    std::string to_string() const;

    constexpr Kind kind() const noexcept { return kind_; }
    constexpr std::uint16_t port() const noexcept { return port_; }
    /// The number of an interface, of link-local addresses; else 0.
    constexpr std::uint32_t interface_number() const noexcept { return interface_; }
    /// The first four are those of IPv4.
    constexpr const Ipv6& bytes() const noexcept { return bytes_; }

    constexpr Address with_port(std::uint16_t port) const noexcept {
        auto other = *this;
        other.port_ = port;
        return other;
    }

    friend bool operator==(const Address&, const Address&) noexcept = default;
    // NOLINTNEXTLINE(modernize-use-nullptr): so clang-tidy 14 calls what the compiler writes
    friend std::strong_ordering operator<=>(const Address&, const Address&) noexcept = default;

  private:
    // In the order that they are compared in.
    Kind kind_ = Kind::ipv4;
    Ipv6 bytes_{};
    std::uint32_t interface_ = 0;
    std::uint16_t port_ = 0;
};

} // namespace pollux

template <>
struct std::is_error_code_enum<pollux::AddressFault> : std::true_type {};
