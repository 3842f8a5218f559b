// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <system_error>
#include <utility>

namespace pollux {

/// Owns a Source: what all sockets and ends of pipes are. Moved, not copied.
///
/// It can be watched as it is: `registrator.add(stream, watch)` [owner.watchable].
///
/// Each Source that a factory of this library makes is non-blocking [owner.non_blocking], is closed by exec
/// [owner.close_on_exec], and raises no SIGPIPE [stream.no_sigpipe]; a ChildEnd is only closed by exec. The first two
/// hold from the start where the system can do it (Linux, BSDs); on macOS a fork() of another thread at that moment can
/// inherit it, on Windows a process that another thread starts when a connection is accepted.
///
/// It never takes the number of a standard stream, not even in a program that was started without them, and that prints
/// into whatever has the number [owner.above_standard_streams].
///
/// Threads:  one object by one thread at a time, as for any value. Reading in one thread and writing in another is
///           what a stream socket is made for, and allowed.
/// Errors:   a call on one that owns nothing gives bad_file_descriptor [owner.moves].
/// Lifetime: closes what it owns [owner.closes]. A watch has to be removed before: see Registrator::remove().
class OwnedSource {
  public:
    /// What one that owns nothing has as its native_handle().
    static constexpr Source none = static_cast<Source>(-1);

    OwnedSource(const OwnedSource&) = delete;
    OwnedSource& operator=(const OwnedSource&) = delete;

    Source native_handle() const noexcept { return source_; }
    bool is_open() const noexcept { return source_ != none; }

    /// Gives up the Source, which is open and the caller's to close [owner.releases].
    [[nodiscard]] Source release() noexcept { return std::exchange(source_, none); }

    void close() noexcept;

  protected:
    OwnedSource() noexcept = default;
    explicit OwnedSource(Source source) noexcept : source_(source) {}
    OwnedSource(OwnedSource&& other) noexcept : source_(other.release()) {}
    OwnedSource& operator=(OwnedSource&& other) noexcept {
        OwnedSource taken(std::move(other)); // also if it is the same
        std::swap(source_, taken.source_);
        return *this;
    }
    ~OwnedSource() { close(); }

  private:
    Source source_ = none;
};

} // namespace pollux
