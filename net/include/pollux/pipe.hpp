// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/child_end.hpp>
#include <pollux/outcome.hpp>
#include <pollux/owned_source.hpp>

namespace pollux {

/// What is read from a pipe. POSIX only: Windows has no pipe that can be waited for together with sockets.
class PipeReader : public OwnedSource {
  public:
    /// One that owns nothing, to be assigned to.
    PipeReader() noexcept = default;

    /// Takes over whatever can be read from: a pipe, a terminal. It is made non-blocking and closed by exec
    /// [pipe.adopts]. On failure the source is the caller's as before.
    ///
    /// O_NONBLOCK belongs to the open file, not to the descriptor: every process that shares it has it too, and keeps
    /// it after this one has ended. So do not adopt the standard streams, which are shared with the shell: watch them
    /// as they are, and call read(2) when one is readable.
    ///
    /// Errors: bad_file_descriptor  not open, or not for reading                            [pipe.adopts]
    static PipeReader adopt(Source source, std::error_code& error) noexcept;

    /// Reads what is there, as StreamSocket::read() [pipe.carries]. would_block: nothing yet [pipe.would_block]. ended:
    /// the last writer is gone [pipe.end].
    Transfer read(Buffer buffer) noexcept;
    Transfer read(std::span<const Buffer> buffers) noexcept;

  private:
    friend struct Pipe;
    friend struct PipeFromChild;
    using OwnedSource::OwnedSource;
};

/// What is written to a pipe. POSIX only.
class PipeWriter : public OwnedSource {
  public:
    /// One that owns nothing, to be assigned to.
    PipeWriter() noexcept = default;

    /// As PipeReader::adopt(), with what can be written to.
    ///
    /// Errors: bad_file_descriptor  not open, or not for writing                            [pipe.adopts]
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
    friend struct PipeToChild;
    using OwnedSource::OwnedSource;
};

/// A pipe inside one process: bytes that go in at the writer come out at the reader [pipe.carries]. Both ends are
/// non-blocking, which a child process does not expect of its standard streams: PipeFromChild and PipeToChild are for
/// those.
struct Pipe {
    PipeReader reader;
    PipeWriter writer;

    /// Errors: too_many_files_open, too_many_files_open_in_system                           [pipe.no_room]
    static Pipe open(std::error_code& error) noexcept;
};

/// A pipe that carries what a child process writes: `child` becomes its standard output or error [pipe.from_child].
///
///     auto [reader, child] = PipeFromChild::open(error);
///     posix_spawn_file_actions_adddup2(&actions, child.native_handle(), STDOUT_FILENO);
///     ... posix_spawn() ...
///     child.close(); // else the reader never sees the end
struct PipeFromChild {
    PipeReader reader; // non-blocking
    ChildEnd child;    // blocking

    /// Errors: as Pipe::open()                                                              [pipe.no_room]
    static PipeFromChild open(std::error_code& error) noexcept;
};

/// A pipe that carries what a child process reads: `child` becomes its standard input [pipe.to_child].
struct PipeToChild {
    PipeWriter writer; // non-blocking
    ChildEnd child;    // blocking

    /// Errors: as Pipe::open()                                                              [pipe.no_room]
    static PipeToChild open(std::error_code& error) noexcept;
};

} // namespace pollux
