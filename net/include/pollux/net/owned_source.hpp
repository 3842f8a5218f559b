// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <system_error>
#include <utility>

namespace pollux::net {

/// An OwnedSource owns a Source: the base class of all sockets and ends of pipes. It is moved, not copied.
///
/// A registrator accepts the object itself: `registrator.add(stream, watch)`.           [owner.watchable]
///
/// Each Source that a factory of this library makes
///     is non-blocking                                                                  [owner.non_blocking]
///     is close-on-exec                                                                 [owner.close_on_exec]
///     raises no SIGPIPE                                                                [stream.no_sigpipe]
/// A ChildEnd is only close-on-exec. Linux and the BSDs set the first two when they create the Source. On macOS a child
/// that another thread forks at that moment can inherit it; on Windows a process that another thread starts while a
/// connection is accepted can.
///
/// Its file descriptor is never 0, 1 or 2, even in a program that was started without standard streams: what such a
/// program prints does not reach the Source.                                            [owner.above_standard_streams]
///
/// Threads:  one thread at a time may use an object, as with any value. One thread may read from a stream socket while
///           another writes to it.
/// Errors:   a call on an object that owns nothing returns bad_file_descriptor.         [owner.moves]
/// Lifetime: the destructor closes the Source.                                          [owner.closes]
///           The caller removes its watch before that: see Registrator::remove().
class OwnedSource {
  public:
    /// The native_handle() of an object that owns nothing.
    static constexpr Source none = static_cast<Source>(-1);

    OwnedSource(const OwnedSource&) = delete;
    OwnedSource& operator=(const OwnedSource&) = delete;

    Source native_handle() const noexcept { return source_; }
    bool is_open() const noexcept { return source_ != none; }

    /// Gives up ownership of the Source without closing it: the caller closes it.       [owner.releases]
    [[nodiscard]] Source release() noexcept { return std::exchange(source_, none); }

    void close() noexcept;

  protected:
    OwnedSource() noexcept = default;
    explicit OwnedSource(Source source) noexcept : source_(source) {}
    OwnedSource(OwnedSource&& other) noexcept : source_(other.release()) {}
    OwnedSource& operator=(OwnedSource&& other) noexcept {
        OwnedSource taken(std::move(other)); // even if `other` is this object
        std::swap(source_, taken.source_);
        return *this;
    }
    ~OwnedSource() { close(); }

  private:
    Source source_ = none;
};

} // namespace pollux::net
