// SPDX-License-Identifier: BSL-1.0
// Standard streams that are files, directories or /dev/null.
#include "museum.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace pollux::museum {
namespace {

/// A file of `size` bytes, to be read from its beginning.
Owned file_of(std::size_t size) {
    auto file = conformance::open_file();
    conformance::write(file, std::string(size, 'f'));
    EXPECT_EQ(lseek(file, 0, SEEK_SET), 0);
    return file;
}

/// An Input is what a program has read from its standard input by callbacks: the number of bytes, or an error.
struct Input {
    std::size_t bytes = 0;
    std::error_code error;
};

Input count(const std::string& backend, Source input, Mode mode) {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    Input seen;
    loop::Watcher watcher;
    watch_with_error(loop, watcher, input, Ready::readable, mode, [&](Ready, const std::error_code& refusal) {
        if (refusal) {
            seen.error = refusal;
            return watcher.close();
        }
        const auto [bytes, error] = conformance::read(input, 4096);
        if (error) seen.error = error;
        if (error || bytes == 0) return watcher.close();
        seen.bytes += bytes;
        if (mode == Mode::oneshot) watcher.change(Ready::readable);
    });
    EXPECT_FALSE(loop.run());
    return seen;
}

/// Either all is read, as Capabilities::files promises, or the program gets an error.
void expect_all_or_error(const std::string& backend, const Input& seen, std::size_t size) {
    if (Poll(request(backend)).choice().backend->capabilities.files) {
        EXPECT_EQ(seen.error, std::error_code());
        EXPECT_EQ(seen.bytes, size);
    } else {
        EXPECT_TRUE(seen.error || seen.bytes == size);
    }
}

REPORTED_BUG(
    reads_a_file_as_standard_input, "troglobit/libuev#12, chriskohlhoff/asio#111",
    "A program watches its standard input, which the shell has redirected from a file: the kernel refuses to poll "
    "a file, and the program reads nothing or only a part.") {
    for (const auto mode : {Mode::level, Mode::oneshot}) {
        const auto file = file_of(100'000);
        expect_all_or_error(backend, count(backend, file, mode), 100'000);
    }
    if (backend == "epoll") {
        EXPECT_TRUE(Poll(request(backend)).choice().backend->capabilities.files);
    }
}

REPORTED_BUG(reads_dev_null, "libuv/libuv#5189, bluez/bluez#700, circonus-labs/libmtev#682",
             "Standard input is /dev/null, which is at its end: the loop aborts or hangs, or the program is not "
             "notified of the end.") {
    const Owned null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    expect_all_or_error(backend, count(backend, null, Mode::level), 0);
}

REPORTED_BUG(writes_to_dev_null, "SIPp/sipp#50, SIPp/sipp#73",
             "Standard output is /dev/null: the kernel refuses to poll it, and the program does not start.") {
    const Owned null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    int lines = 0;
    bool is_refused = false;
    loop::Watcher watcher;
    watch_with_error(loop, watcher, null, Ready::writable, Mode::level,
                     [&](Ready ready, const std::error_code& refusal) {
                         is_refused = static_cast<bool>(refusal);
                         if (!is_refused) {
                             EXPECT_TRUE(any(ready & Ready::writable));
                             EXPECT_EQ(conformance::write(null, "a line\n").bytes, 7U);
                         }
                         if (is_refused || ++lines == 10) watcher.close();
                     });
    EXPECT_FALSE(loop.run());
    if (loop.choice().backend->capabilities.files) {
        EXPECT_FALSE(is_refused);
    }
    EXPECT_EQ(lines, is_refused ? 0 : 10);
}

REPORTED_BUG(reads_a_directory, "libuv/libuv#5189",
             "Standard input is a directory by mistake: the loop runs on, and the program gets no error.") {
    const auto directory = conformance::open_directory();
    EXPECT_TRUE(count(backend, directory, Mode::level).error);
}

REPORTED_BUG(
    watches_files_beside_sockets, "libuv/libuv#5189",
    "A file that is always ready is watched beside a socket: the loop serves only the file, or sleeps until the "
    "socket is ready and does not report the file.") {
    loop::Loop loop(request(backend), {.events = 1});
    const Watchdog watchdog(loop);
    const auto file = file_of(1);
    const auto pair = make_pair(Kind::tcp);
    int files = 0, refusals = 0, sockets = 0;
    loop::Watcher of_file;
    watch_with_error(loop, of_file, file, Ready::readable, Mode::level, [&](Ready, const std::error_code& refusal) {
        refusal ? ++refusals : ++files;
        if (refusal) of_file.close();
    });
    auto of_socket = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready) {
        ++sockets;
        conformance::drain(pair.near);
        conformance::write(pair.far, "x");
    });
    conformance::write(pair.far, "x");
    // Without files, the refusal is reported once.
    const bool has_files = static_cast<bool>(loop.choice().backend->capabilities.files);
    EXPECT_TRUE(turn_until(loop, [&] { return (has_files ? files > 10 : refusals > 0) && sockets > 10; }));
    EXPECT_EQ(refusals, has_files ? 0 : 1);
    of_file.change(Ready::none);
    of_socket.change(Ready::none);
    EXPECT_LE(polls_when_idle(loop), few);
}

} // namespace
} // namespace pollux::museum
