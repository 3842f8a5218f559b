// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/net/child_end.hpp>
#include <pollux/net/io_result.hpp>
#include <pollux/net/owned_source.hpp>

namespace pollux::net {

/// A PipeReader owns the end of a pipe that is read from. POSIX only: Windows has no pipe that can be waited for
/// together with sockets.
class PipeReader : public OwnedSource {
  public:
    /// Constructs an object that owns nothing, to be assigned to.
    PipeReader() noexcept = default;

    /// Takes ownership of any readable source, such as a pipe or a terminal, and makes it
    /// non-blocking and close-on-exec. On failure the caller keeps the source.          [pipe.adopts]
    ///
    /// O_NONBLOCK belongs to the open file description, not to the descriptor: it applies to every process that shares
    /// the description, and stays set after this process has ended. So do not adopt the standard streams, which the
    /// shell shares: watch their descriptors, and call read(2) when one is readable.
    ///
    /// Errors: bad_file_descriptor  not open, or not for reading                        [pipe.adopts]
    static PipeReader adopt(Source source, std::error_code& error) noexcept;

    /// Reads what is available, as StreamSocket::read() does.                           [pipe.carries]
    ///
    /// would_block: nothing is available                                                [pipe.would_block]
    /// ended:       the last writer is closed, and all was read                         [pipe.end]
    Transfer read(Buffer buffer) noexcept;
    Transfer read(std::span<const Buffer> buffers) noexcept;

  private:
    friend struct Pipe;
    friend struct PipeFromChild;
    using OwnedSource::OwnedSource;
};

/// A PipeWriter owns the end of a pipe that is written to. POSIX only.
class PipeWriter : public OwnedSource {
  public:
    /// Constructs an object that owns nothing, to be assigned to.
    PipeWriter() noexcept = default;

    /// Takes ownership of any writable source, as PipeReader::adopt() does of a readable one.
    ///
    /// Errors: bad_file_descriptor  not open, or not for writing                        [pipe.adopts]
    static PipeWriter adopt(Source source, std::error_code& error) noexcept;

    /// Writes as much as the pipe has room for, as StreamSocket::write() does. Up to PIPE_BUF bytes (4,096 on Linux)
    /// are written whole, or the call would block.                                      [pipe.would_block]
    ///
    /// Errors: broken_pipe  the last reader is closed. No SIGPIPE is raised, whatever the disposition of that signal is
    ///                                                                                  [pipe.no_sigpipe]
    ///
    /// Where neither the pipe nor the call has a flag against SIGPIPE (Linux), this takes three more system calls.
    Transfer write(ConstBuffer buffer) noexcept;
    Transfer write(std::span<const ConstBuffer> buffers) noexcept;

  private:
    friend struct Pipe;
    friend struct PipeToChild;
    using OwnedSource::OwnedSource;
};

/// A Pipe holds both ends of a pipe inside one process: the reader returns the bytes that are written to the writer.
///                                                                                      [pipe.carries]
/// Both are non-blocking, which a child process does not expect of its standard streams: use PipeFromChild and
/// PipeToChild for those.
struct Pipe {
    PipeReader reader;
    PipeWriter writer;

    /// Errors: too_many_files_open, too_many_files_open_in_system                       [pipe.no_descriptor]
    static Pipe open(std::error_code& error) noexcept;
};

/// A PipeFromChild carries what a child process writes: `child` becomes its standard output or error.
///                                                                                      [pipe.from_child]
///
///     auto [reader, child] = PipeFromChild::open(error);
///     posix_spawn_file_actions_adddup2(&actions, child.native_handle(), STDOUT_FILENO);
///     ... posix_spawn() ...
///     child.close(); // otherwise the reader never reaches the end
struct PipeFromChild {
    PipeReader reader; // non-blocking
    ChildEnd child;    // blocking

    /// Errors: as for Pipe::open()                                                      [pipe.no_descriptor]
    static PipeFromChild open(std::error_code& error) noexcept;
};

/// A PipeToChild carries what a child process reads: `child` becomes its standard input.
///                                                                                      [pipe.to_child]
struct PipeToChild {
    PipeWriter writer; // non-blocking
    ChildEnd child;    // blocking

    /// Errors: as for Pipe::open()                                                      [pipe.no_descriptor]
    static PipeToChild open(std::error_code& error) noexcept;
};

} // namespace pollux::net
