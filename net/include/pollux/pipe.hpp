// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/outcome.hpp>
#include <pollux/owned_source.hpp>

namespace pollux {

/// What is read from a pipe. POSIX only: Windows has no pipe that can be waited for together with sockets.
class PipeReader : public OwnedSource {
  public:
    /// One that owns nothing, to be assigned to.
    PipeReader() noexcept = default;

    /// Takes over whatever can be read from: a pipe, a terminal. It is made non-blocking, for all who have it open, and
    /// closed by exec [pipe.adopts]. On failure the source is the caller's as before.
    ///
    /// Errors: bad_file_descriptor  not open                                                [pipe.adopts]
    static PipeReader adopt(Source source, std::error_code& error) noexcept;

    /// Reads what is there, as StreamSocket::read() [pipe.carries]. would_block: nothing yet [pipe.would_block]. ended:
    /// the last writer is gone [pipe.end].
    Transfer read(Buffer buffer) noexcept;
    Transfer read(std::span<const Buffer> buffers) noexcept;

  private:
    friend struct Pipe;
    using OwnedSource::OwnedSource;
};

/// What is written to a pipe. POSIX only.
class PipeWriter : public OwnedSource {
  public:
    /// One that owns nothing, to be assigned to.
    PipeWriter() noexcept = default;

    /// As PipeReader::adopt().
    static PipeWriter adopt(Source source, std::error_code& error) noexcept;

    /// Writes as much as there is room for, as StreamSocket::write(). Up to PIPE_BUF bytes (4,096 on Linux) go whole,
    /// or would block [pipe.would_block].
    ///
    /// Errors: broken_pipe  the last reader is gone. No SIGPIPE is raised, whatever the program does with that signal
    ///                      [pipe.no_sigpipe]; it takes three more system calls where neither the pipe nor the call
    ///                      can be told so (Linux).
    Transfer write(ConstBuffer buffer) noexcept;
    Transfer write(std::span<const ConstBuffer> buffers) noexcept;

  private:
    friend struct Pipe;
    using OwnedSource::OwnedSource;
};

/// A pipe: bytes that go in at the writer come out at the reader [pipe.carries].
struct Pipe {
    PipeReader reader;
    PipeWriter writer;

    /// Errors: too_many_files_open, too_many_files_open_in_system                           [pipe.no_room]
    static Pipe open(std::error_code& error) noexcept;
};

} // namespace pollux
