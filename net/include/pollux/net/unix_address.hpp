// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace pollux::net {

/// A UnixAddress is the address of a Unix socket: the path of a file, or an abstract name (Linux). POSIX only.
class UnixAddress {
  public:
    /// Constructs the address of a socket that is not bound, such as a client's.
    UnixAddress() noexcept = default;

    /// Returns the address of a path.
    ///
    /// Errors: invalid_argument   empty, or with a zero byte                            [unix.addresses]
    ///         filename_too_long  more than 107 bytes; macOS, BSD: 103                  [unix.addresses]
    static UnixAddress path(std::string_view path, std::error_code& error) noexcept;

    /// Returns the address of an abstract name, which exists as long as its listener; it is no file.
    ///                                                                                  [unix.abstract]
    /// Errors: filename_too_long        more than 107 bytes                             [unix.addresses]
    ///         invalid_argument         empty                                           [unix.addresses]
    ///         operation_not_supported  the system has no abstract names                [unix.abstract]
    static UnixAddress abstract_name(std::string_view name, std::error_code& error) noexcept;

    bool is_unnamed() const noexcept { return length_ == 0; }
    bool is_abstract() const noexcept { return length_ != 0 && bytes_[0] == '\0'; }

    /// Returns the path, "@" and the abstract name, or nothing.
    std::string to_string() const;

    /// The bytes that the system uses: a path, or a zero byte and the abstract name.
    std::string_view bytes() const noexcept { return {bytes_.data(), length_}; }

    friend bool operator==(const UnixAddress& a, const UnixAddress& b) noexcept { return a.bytes() == b.bytes(); }
    friend bool operator<(const UnixAddress& a, const UnixAddress& b) noexcept { return a.bytes() < b.bytes(); }

  private:
    friend class UnixStream;
    friend class UnixListener;
    static UnixAddress from(std::string_view bytes) noexcept;

    std::array<char, 108> bytes_{}; // the longest of any system
    std::size_t length_ = 0;
};

} // namespace pollux::net
