// SPDX-License-Identifier: BSL-1.0
// Terminals, and FIFOs whose writers open and close them.
#include "museum.hpp"

#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <stdlib.h> // NOLINT: posix_openpt() and mkdtemp() are not in <cstdlib>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

namespace pollux::museum {
namespace {

/// A pseudoterminal in raw mode: `master` is the side of the emulator, `slave` that of the program in it.
struct Terminal {
    Terminal() : master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        EXPECT_NE(master.get(), -1);
        EXPECT_EQ(grantpt(master), 0);
        EXPECT_EQ(unlockpt(master), 0);
        name = ptsname(master); // NOLINT(concurrency-mt-unsafe)
        conformance::set_blocking(master, false);
        slave = open_slave();
        termios settings{};
        EXPECT_EQ(tcgetattr(slave, &settings), 0);
        settings.c_iflag = settings.c_oflag = settings.c_lflag = 0;
        EXPECT_EQ(tcsetattr(slave, TCSANOW, &settings), 0);
    }
    Owned open_slave() const {
        Owned opened(::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
        EXPECT_NE(opened.get(), -1);
        return opened;
    }

    Owned master;
    std::string name;
    Owned slave;
};

/// Reads by a watch of the master until the hang-up, which is 0 bytes or EIO, depending on the system.
std::size_t read_to_the_end(loop::Loop& loop, const Terminal& terminal, Mode mode) {
    std::size_t total = 0;
    loop::Watcher watcher = loop.watch(terminal.master.get(), Ready::readable, mode, [&](Ready) {
        for (;;) {
            const auto [bytes, error] = conformance::read(terminal.master, 100);
            total += bytes;
            if (error == std::errc::resource_unavailable_try_again) break;
            if (error || bytes == 0) return watcher.close();
        }
        if (mode == Mode::oneshot) watcher.change(Ready::readable);
    });
    EXPECT_FALSE(loop.run());
    return total;
}

REPORTED_BUG(
    loses_the_last_output_of_a_terminal, "libuv/libuv#4992",
    "The program in a terminal writes much output and exits: the hang-up is taken for the end, and the rest of the "
    "output is lost.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    for (const auto mode : modes_of(loop.choice())) {
        for (int round = 0; round < 5; ++round) {
            Terminal terminal;
            constexpr std::size_t size = 60'000;
            std::thread writer([slave = std::move(terminal.slave)]() mutable {
                const std::string line(1000, 'w');
                for (std::size_t sent = 0; sent < size;) {
                    const auto more = ::write(slave.get(), line.data(), std::min(line.size(), size - sent));
                    if (more <= 0) break;
                    sent += static_cast<std::size_t>(more);
                }
                slave.close();
            });
            EXPECT_EQ(read_to_the_end(loop, terminal, mode), size);
            writer.join();
        }
    }
}

REPORTED_BUG(
    gets_the_hang_up_of_a_terminal_first, "libuv/libuv#5165",
    "A terminal hangs up before the first poll, with unread data: the event has the hang-up but not readable, and "
    "the reader stops without reading.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    for (const auto mode : modes_of(loop.choice())) {
        Terminal terminal;
        EXPECT_EQ(conformance::write(terminal.slave, std::string(300, 'w')).bytes, 300U);
        terminal.slave.close();
        EXPECT_EQ(read_to_the_end(loop, terminal, mode), 300U);
    }
}

REPORTED_BUG(is_used_again_after_the_hang_up, "microsoft/node-pty#85",
             "The last program in a terminal exits, and another is started in it: the watch of the terminal, which was "
             "paused after the hang-up, spins or reports nothing.") {
    CheckedPoll checked(backend);
    Terminal terminal;
    checked.add(terminal.master, Ready::readable);
    EXPECT_TRUE(checked.is_quiet());
    terminal.slave.close();
    EXPECT_TRUE(any(checked.next() & Ready::readable));
    checked.modify(terminal.master, Ready::none);
    EXPECT_TRUE(checked.is_quiet());
    terminal.slave = terminal.open_slave();
    checked.modify(terminal.master, Ready::readable);
    EXPECT_TRUE(checked.is_quiet());
    conformance::write(terminal.slave, "again");
    EXPECT_EQ(checked.next(), Ready::readable);
    EXPECT_EQ(conformance::read(terminal.master).bytes, 5U);
    EXPECT_TRUE(checked.is_quiet());
}

REPORTED_BUG(
    is_woken_twice_for_one_key, "axboe/liburing#849",
    "Keys are typed into a terminal whose reads block: after the first read a second event is delivered for the "
    "same key, and the program hangs in its read.") {
    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        Terminal terminal;
        conformance::set_blocking(terminal.slave, true);
        checked.add(terminal.slave, Ready::readable, mode);
        for (int key = 0; key < 20; ++key) {
            conformance::write(terminal.master, "k");
            EXPECT_EQ(checked.next(), Ready::readable);
            EXPECT_EQ(conformance::read(terminal.slave, 100).bytes, 1U);
            if (mode == Mode::oneshot) checked.modify(terminal.slave, Ready::readable, mode);
            EXPECT_FALSE(checked.poll.poll(checked.events, key % 5 == 0 ? moment / 4 : 0ns));
            // Another event would lead to a read that blocks.
            EXPECT_TRUE(checked.events.empty());
        }
        checked.remove(terminal.slave);
    }
}

/// A FIFO in a directory of its own.
class Fifo {
  public:
    Fifo() : directory_((std::filesystem::temp_directory_path() / "pollux-museum-XXXXXX").string()) {
        EXPECT_NE(mkdtemp(directory_.data()), nullptr);
        EXPECT_EQ(mkfifo(path().c_str(), 0600), 0);
        reader = open_end(O_RDONLY);
    }
    ~Fifo() { std::filesystem::remove_all(directory_); }
    Fifo(const Fifo&) = delete;
    Fifo& operator=(const Fifo&) = delete;

    std::string path() const { return directory_ + "/fifo"; }
    Owned open_end(int direction) const {
        Owned opened(::open(path().c_str(), direction | O_NONBLOCK | O_CLOEXEC));
        EXPECT_NE(opened.get(), -1);
        return opened;
    }

    Owned reader;

  private:
    std::string directory_;
};

REPORTED_BUG(
    waits_for_the_first_writer, "checkpoint-restore/criu#3109",
    "A daemon opens its control FIFO, to which no process has written yet: the loop reports a hang-up, and spins.") {
    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        const Fifo fifo;
        checked.add(fifo.reader, Ready::readable, mode);
        EXPECT_TRUE(checked.is_quiet());
        const auto writer = fifo.open_end(O_WRONLY);
        EXPECT_TRUE(checked.is_quiet());
        conformance::write(writer, "command");
        EXPECT_TRUE(any(checked.next() & Ready::readable));
        EXPECT_EQ(conformance::read(fifo.reader).bytes, 7U);
        checked.remove(fifo.reader);
    }
}

REPORTED_BUG(
    keeps_a_writer_of_its_own, "OpenRC/openrc#1055",
    "A daemon keeps a writer of its control FIFO open, so that a client that closes it causes no end of file: the "
    "loop spins nevertheless after the first client.") {
    CheckedPoll checked(backend);
    const Fifo fifo;
    const auto dummy = fifo.open_end(O_WRONLY);
    checked.add(fifo.reader, Ready::readable);
    for (int client = 0; client < 5; ++client) {
        {
            const auto writer = fifo.open_end(O_WRONLY);
            conformance::write(writer, "command");
        }
        EXPECT_EQ(checked.next(), Ready::readable);
        EXPECT_EQ(conformance::read(fifo.reader).bytes, 7U);
        EXPECT_TRUE(checked.is_quiet());
    }
}

REPORTED_BUG(
    serves_one_client_after_the_other, "MadcowOG/dwl-bar#11, OpenRC/openrc#1055",
    "The last client of a FIFO closes it, and the program pauses the watch until the next command: the loop spins, "
    "or does not report the next client.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    const Fifo fifo;
    std::size_t commands = 0, ends = 0;
    loop::Watcher watcher = loop.watch(fifo.reader.get(), Ready::readable, Mode::level, [&](Ready) {
        const auto [bytes, error] = conformance::read(fifo.reader);
        EXPECT_FALSE(error);
        commands += bytes > 0 ? 1 : 0;
        if (bytes > 0) return;
        ++ends;
        watcher.change(Ready::none);
    });
    for (std::size_t client = 1; client <= 5; ++client) {
        {
            const auto writer = fifo.open_end(O_WRONLY);
            conformance::write(writer, "command");
            watcher.change(Ready::readable);
            ASSERT_TRUE(turn_until(loop, [&] { return commands == client; }));
        }
        ASSERT_TRUE(turn_until(loop, [&] { return ends == client; }));
        ASSERT_LE(polls_when_idle(loop), few);
        ASSERT_EQ(ends, client);
    }
}

} // namespace
} // namespace pollux::museum
