// SPDX-License-Identifier: BSL-1.0
#include <pollux/net/pipe.hpp>

#include "system.hpp"
#include "uninterrupted.hpp"

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace pollux::net {

namespace {

/// A NoSigpipe keeps writes of this thread from raising SIGPIPE, on systems where neither a pipe nor a call has a flag
/// for that. The system sends the signal to the thread that writes, so it is blocked here, and removed if it became
/// pending.
class NoSigpipe {
#ifdef F_SETNOSIGPIPE
  public:
    static std::error_code prepare(Source source) noexcept {
        return system::error_after(fcntl(source, F_SETNOSIGPIPE, 1));
    }
#else
  public:
    static std::error_code prepare(Source) noexcept { return {}; }

    NoSigpipe() noexcept {
        sigemptyset(&sigpipe_);
        sigaddset(&sigpipe_, SIGPIPE);
        was_pending_ = is_pending();
        pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
    }
    ~NoSigpipe() {
        const int error = errno;
        if (error == EPIPE && !was_pending_ && is_pending()) {
            int signal = 0;
            sigwait(&sigpipe_, &signal);
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = error;
    }

  private:
    static bool is_pending() noexcept {
        sigset_t pending;
        sigpending(&pending);
        return sigismember(&pending, SIGPIPE) == 1;
    }

    sigset_t sigpipe_, before_;
    bool was_pending_;
#endif
};

Transfer transferred(ssize_t result) noexcept {
    if (result == -1) return {system::last_result(), 0};
    return {{}, static_cast<std::size_t>(result)};
}

Transfer read_pipe(Source source, std::span<const Buffer> buffers) noexcept {
    system::Slices slices(buffers);
    const auto all = slices.all();
    if (all.empty()) return {};
    auto result =
        transferred(system::uninterrupted([&] { return ::readv(source, all.data(), static_cast<int>(all.size())); }));
    if (result.is_done() && result.count == 0) result.progress = Progress::ended;
    return result;
}

Transfer write_pipe(Source source, std::span<const ConstBuffer> buffers) noexcept {
    system::Slices slices(buffers);
    const auto all = slices.all();
    if (all.empty()) return {};
    return transferred(system::uninterrupted([&] {
        [[maybe_unused]] const NoSigpipe quiet;
        return ::writev(source, all.data(), static_cast<int>(all.size()));
    }));
}

/// Checks that a file descriptor was not opened in the mode `refused`, with the error that read(2) and write(2) return.
std::error_code check_access(Source source, int refused) noexcept {
    const int flags = fcntl(source, F_GETFL);
    if (flags == -1) return system::last_error();
    bool usable = (flags & O_ACCMODE) != refused;
#ifdef O_PATH
    usable = usable && (flags & O_PATH) == 0;
#endif
    return usable ? std::error_code() : make_error_code(std::errc::bad_file_descriptor);
}

/// Opens a pipe whose one end is for a child process, and blocking.
std::error_code open_with_child(Source (&ends)[2], Source& ours) noexcept {
    auto error = system::open_pipe(ends, system::Blocking::yes);
    if (!error) error = system::prepare(ours);
    return error;
}

} // namespace

PipeReader PipeReader::adopt(Source source, std::error_code& error) noexcept {
    error = check_access(source, O_WRONLY);
    if (!error) error = system::prepare(source);
    return error ? PipeReader() : PipeReader(source);
}

Transfer PipeReader::read(Buffer buffer) noexcept { return read_pipe(native_handle(), {&buffer, 1}); }
Transfer PipeReader::read(std::span<const Buffer> buffers) noexcept { return read_pipe(native_handle(), buffers); }

PipeWriter PipeWriter::adopt(Source source, std::error_code& error) noexcept {
    error = check_access(source, O_RDONLY);
    if (!error) error = system::prepare(source);
    if (!error) error = NoSigpipe::prepare(source);
    return error ? PipeWriter() : PipeWriter(source);
}

Transfer PipeWriter::write(ConstBuffer buffer) noexcept { return write_pipe(native_handle(), {&buffer, 1}); }
Transfer PipeWriter::write(std::span<const ConstBuffer> buffers) noexcept {
    return write_pipe(native_handle(), buffers);
}

Pipe Pipe::open(std::error_code& error) noexcept {
    Source ends[2];
    error = system::open_pipe(ends, system::Blocking::no);
    Pipe made{PipeReader(ends[0]), PipeWriter(ends[1])};
    if (!error) error = NoSigpipe::prepare(ends[1]);
    if (error) return {};
    return made;
}

PipeFromChild PipeFromChild::open(std::error_code& error) noexcept {
    Source ends[2];
    error = open_with_child(ends, ends[0]);
    PipeFromChild made{PipeReader(ends[0]), ChildEnd(ends[1])};
    if (error) return {};
    return made;
}

PipeToChild PipeToChild::open(std::error_code& error) noexcept {
    Source ends[2];
    error = open_with_child(ends, ends[1]);
    PipeToChild made{PipeWriter(ends[1]), ChildEnd(ends[0])};
    if (!error) error = NoSigpipe::prepare(ends[1]);
    if (error) return {};
    return made;
}

} // namespace pollux::net
