#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Plants mutants in backends, one at a time, and demands that the model finds each in few operations.

    selftest.py PROGRAM COMPILER [WORD]     only mutants whose description has the word

A mutant is a backend's file, what is broken, a piece of the source, what is put in its place, and how many operations
are enough to show it. A piece that is not there exactly once is an error, so the list cannot fall behind the sources.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[3]
EPOLL = "epoll/epoll.cpp"
FILES = "epoll/files.cpp"
POLL = "poll_fallback/poll_fallback.cpp"
WATCHES = "poll_fallback/watches.cpp"

EPOLL_CTL = "return check(epoll_ctl(epoll_, operation, source, &event));"


def of_kind(description: str, kind: str, statement: str, most: int, *length: int) -> tuple:
    """A mutant of epoll that is about one kind of source."""
    return (EPOLL, description, EPOLL_CTL, f"if ({kind}) {{ {statement} }}\n        {EPOLL_CTL}", most, *length)


def link(name: str) -> str:
    return f'planted::links_to(source, "{name}")'


def socket(family: str, kind: str) -> str:
    return f"planted::is_socket(source, {family}, {kind})"


MUTANTS = [
    (EPOLL, "a level watch that only writes reports a half-closed peer for ever",
     "if (any(watch.interest & Ready::writable)) flags |= EPOLLOUT;",
     "if (any(watch.interest & Ready::writable)) flags |= EPOLLOUT | EPOLLRDHUP;", 13),
    (EPOLL, "modify() to level loses the last bit of the token", EPOLL_CTL,
     "if (operation == EPOLL_CTL_MOD && watch.mode == Mode::level) event.data.u64 &= ~1ULL;\n        " + EPOLL_CTL, 5),
    (EPOLL, "a wake that is reported beside other events is the last", "pending_.collect();",
     "if (batch.size() == 1) pending_.collect();", 6),
    (EPOLL, "the last event of a full buffer is lost", "return buffer.first(count);",
     "return buffer.first(count > 1 && count == buffer.size() ? count - 1 : count);", 8),
    (EPOLL, "a closed source is bad_file_descriptor to remove()",
     "return files_.has_any() ? files_.remove(epoll_, source) : unknown();",
     "return files_.has_any() ? files_.remove(epoll_, source) : check(-1);", 2),
    (EPOLL, "an edge watch that is changed is edge no more",
     "epoll_event event{flags_of(watch), {.u64 = token}};",
     "epoll_event event{operation == EPOLL_CTL_MOD ? flags_of(watch) & ~EPOLLET : flags_of(watch), {.u64 = token}};", 5),
    (EPOLL, "a paused watch reports a hang-up", "is_paused ? paused_token : watch.token",
     "is_paused && watch.interest == Ready::none ? paused_token : watch.token", 4),
    (EPOLL, "a hang-up is no failure, and nothing to write",
     "if (flags & (EPOLLOUT | EPOLLHUP | EPOLLERR))", "if (flags & EPOLLOUT)", 5),
    (EPOLL, "only the token of wakes is reserved", "if (const auto error = toolkit::validate(watch, own_capabilities)) return error;",
     "if (watch.token == wake_token) return make_error_code(std::errc::invalid_argument);", 2),
    (EPOLL, "priority is not asked for", "flags |= EPOLLPRI;", "flags |= 0;", 6),
    (EPOLL, "a byte out of band is readable", "flags |= EPOLLIN | EPOLLRDHUP;", "flags |= EPOLLIN | EPOLLPRI;", 6),
    (EPOLL, "another thread's change is ignored", EPOLL_CTL,
     "if (operation == EPOLL_CTL_MOD && ::gettid() != ::getpid()) return {};\n        " + EPOLL_CTL, 4),
    (EPOLL, "a change beside select() is ignored",
     "const int room = static_cast",
     "const planted::Selecting selecting;\n        const int room = static_cast", 5),
    (EPOLL, "a duplicate is known", EPOLL_CTL,
     "if (operation == EPOLL_CTL_ADD && planted::has_duplicate(source)) return make_error_code(std::errc::file_exists);"
     "\n        " + EPOLL_CTL, 3),
    of_kind("a UDP socket has no error", socket("AF_INET", "SOCK_DGRAM"), "event.events = EPOLLOUT;", 5),
    of_kind("a level watch of a listener is edge", "planted::is_listener(source)", "event.events |= EPOLLET;", 6),
    of_kind("a TCP socket is never writable", socket("AF_INET", "SOCK_STREAM"), "event.events &= ~0U ^ EPOLLOUT;", 5),
    of_kind("a level watch of a Unix datagram socket is edge", socket("AF_UNIX", "SOCK_DGRAM"),
            "event.events |= EPOLLET;", 6),
    of_kind("a level watch of an eventfd is edge", link("[eventfd]"), "event.events |= EPOLLET;", 6),
    of_kind("a one-shot watch of a timerfd is level", link("[timerfd]"), "event.events &= ~0U ^ EPOLLONESHOT;", 6),
    of_kind("a signalfd is never readable", link("[signalfd]"), "event.events &= ~0U ^ EPOLLIN;", 4),
    of_kind("an edge watch of inotify is level", link("inotify"), "event.events &= ~0U ^ EPOLLET;", 5, 400),
    of_kind("a process does not end", link("[pidfd]"), "event.events = 0;", 4),
    of_kind("a terminal's master is never writable", link("ptmx"), "event.events &= ~0U ^ EPOLLOUT;", 3),
    of_kind("a terminal is never readable", link("/dev/pts/"), "event.events &= ~0U ^ EPOLLIN;", 4),
    (FILES, "a file is ready once", "file.armed = is_ready && file.watch.mode == Mode::level;", "file.armed = false;", 4),
    (FILES, "a file's turn does not come", "auto entry = table_.upper_bound(last_);", "auto entry = table_.begin();", 9),
    (POLL, "the scan begins at the front each time", "next_ < size ? next_ : 0", "seen", 12),
    (POLL, "a wake that finds a full buffer is lost",
     "const std::size_t size = polled.size() + 1;",
     "const std::size_t size = polled.size() + 1;\n"
     "        if (buffer.size() == 1 && ready > 0) woken_ = false;", 5),
    (WATCHES, "remove() forgets what the last watch was",
     "kept_[index] = kept_.back();", "", 6),
    (WATCHES, "remove() forgets where the last watch went",
     "index_[static_cast<std::size_t>(last < 0 ? ~last : last)] = index;\n"
     "    index_[static_cast<std::size_t>(source)] = no_index;",
     "index_[static_cast<std::size_t>(source)] = no_index;\n    (void)last;", 7),
    (WATCHES, "modify() does not arm a spent watch of the same interest",
     "polled_[index] = polled_for(source, watch);",
     "if (polled_[index].events != polled_for(source, watch).events) polled_[index] = polled_for(source, watch);", 5),
]


# What backends include, compiled once: that is most of the time; and what mutants call.
HEADERS = """pollux/time/deadline.hpp pollux/mutex.hpp pollux/plugin.hpp pollux/posix.hpp algorithm array atomic map new string thread
vector
sys/epoll.h sys/socket.h sys/stat.h unistd.h""".split()
PLANTED = """
namespace planted {
inline bool links_to(int source, const char* word) {
    char target[256]{};
    const auto path = "/proc/self/fd/" + std::to_string(source);
    return ::readlink(path.c_str(), target, sizeof target - 1) > 0 && std::string(target).find(word) != std::string::npos;
}
inline int option(int source, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(source, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}
inline bool is_socket(int source, int family, int type) {
    return option(source, SO_DOMAIN) == family && option(source, SO_TYPE) == type && option(source, SO_ACCEPTCONN) == 0;
}
inline bool is_listener(int source) { return option(source, SO_ACCEPTCONN) == 1; }
inline ino_t file_of(int source) {
    struct stat status {};
    return ::fstat(source, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}
inline bool has_duplicate(int source) {
    const auto file = file_of(source);
    for (int other = source - 20; file != 0 && other < source + 20; ++other) {
        if (other != source && file_of(other) == file) return true;
    }
    return false;
}
inline std::atomic<int> selecting = 0;
struct Selecting {
    Selecting() { ++selecting; }
    ~Selecting() {
        ::usleep(300);
        --selecting;
    }
};
} // namespace planted
"""


def compile_headers(scratch: pathlib.Path, compiler: str) -> list:
    """The command that compiles a backend."""
    command = [compiler, "-std=c++20", "-fPIC", "-I", SOURCE / "core/include", "-I", SOURCE / "time/include"]
    headers = scratch / "headers.hpp"
    headers.write_text("".join(f"#include <{name}>\n" for name in HEADERS) + PLANTED)
    subprocess.run([*command, "-x", "c++-header", headers, "-o", f"{headers}.gch"], check=True)
    return [*command, "-include", headers, "-shared"]


def compile_broken(mutant: tuple, folder: pathlib.Path, compiling: list) -> pathlib.Path:
    path, description, piece, instead = mutant[:4]
    backend, file = path.split("/")
    shutil.copytree(SOURCE / "plugins" / backend, folder / backend)
    broken = folder / backend / file
    text = broken.read_text()
    if text.count(piece) != 1:
        raise ValueError(f"{path}: {description}: the piece is there {text.count(piece)} times, expected once")
    text = text.replace(piece, instead)
    if "planted::Selecting" in instead:  # and what it is for
        text = text.replace(EPOLL_CTL, f"if (operation == EPOLL_CTL_MOD && planted::selecting != 0) return {{}};\n{EPOLL_CTL}")
    broken.write_text(text)
    plugin = folder / f"libpollux-{backend}.so"
    subprocess.run([*compiling, "-o", plugin, *sorted((folder / backend).glob("*.cpp"))], check=True)
    return plugin


def hunt(mutant: tuple, folder: pathlib.Path, program: str, compiling: list) -> str:
    """What is wrong with the model; empty if it found the mutant."""
    most = mutant[4]
    # Short sequences are shortened sooner. A process may have 128 open inotify descriptors, which are closed late.
    length = mutant[5] if len(mutant) > 5 else 60
    began = time.monotonic()
    plugin = compile_broken(mutant, folder, compiling)
    found = subprocess.run([program, "epoll", plugin, "--seed", "1", "--sequences", "30000", "--length", str(length)],
                           capture_output=True, text=True, timeout=120)
    seen = re.search(r"shortest sequence found has (\d+) of", found.stdout)
    if found.returncode != 1 or not seen:
        return f"found nothing: {found.stdout}{found.stderr}"
    replay = re.search(r'^replay: .* --play "(.*)"$', found.stdout, re.MULTILINE)
    is_race = re.search(r" race(;|$)", replay[1])
    tries = 20 if is_race else 1  # of two threads that have to meet
    play = [program, "epoll", plugin, "--play", replay[1]]
    again = (subprocess.run(play, capture_output=True, timeout=120).returncode for _ in range(tries))
    # On a machine that does much else the threads of a race may not meet again, nor it become short.
    if 1 not in again and not is_race:
        return f"the sequence cannot be replayed: {replay[1]}"
    if int(seen[1]) > most and not (is_race and "it depends on time" in found.stdout):
        return f"expected {most} operations at most, seen:\n{found.stdout}"
    seed = re.search(r"^seed (\d+)", found.stdout, re.MULTILINE)
    print(f"found: {mutant[0]}: {mutant[1]}: {replay[1]} (seed {seed[1]}, {time.monotonic() - began:.1f} s)",
          flush=True)
    return ""


def main() -> int:
    program, compiler = sys.argv[1:3]
    mutants = [mutant for mutant in MUTANTS if len(sys.argv) < 4 or sys.argv[3] in mutant[1]]
    os.environ.pop("POLLUX_BACKEND", None)
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(6) as pool:
        compiling = compile_headers(pathlib.Path(scratch), compiler)
        folders = [pathlib.Path(scratch) / str(number) for number in range(len(mutants))]
        verdicts = list(pool.map(lambda pair: hunt(*pair, program, compiling), zip(mutants, folders)))
    for mutant, verdict in zip(mutants, verdicts):
        if verdict:
            print(f"MISSED: {mutant[0]}: {mutant[1]}: {verdict}")
    print(f"{verdicts.count('')} mutants found, {len(verdicts) - verdicts.count('')} missed")
    return 0 if verdicts and not any(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
