#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Plants faults in the engines, one at a time, and demands that the suite catches each by the rule it breaks.

    planted_faults.py BUILD-FOLDER [WORD]     only faults whose description has the word

A fault is a piece of an engine's source and what is put in its place. A piece that is no longer there is an error, so
the list cannot fall behind the sources.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
EPOLL = "epoll/epoll.cpp"
POLL = "poll_fallback/poll_fallback.cpp"
WATCHES = "poll_fallback/watches.cpp"

# engine's file, what is broken, the piece, what is put there, the rule that must catch it
FAULTS = [
    (EPOLL, "never clear the flag of a pending wake",
     "wake_pending_.exchange(false, std::memory_order_acq_rel);", ";", "wake.coalesces"),
    (EPOLL, "look at the flag of a pending wake instead of exchanging it",
     "if (wake_pending_.exchange(true, std::memory_order_acq_rel)) return {};",
     "if (wake_pending_.load(std::memory_order_relaxed)) return {}; wake_pending_.store(true, std::memory_order_relaxed);",
     "wake.never_lost"),
    (EPOLL, "watch the eventfd level-triggered, and do not drain it",
     "epoll_event event{EPOLLIN | EPOLLET,", "epoll_event event{EPOLLIN,", "wake.next"),
    (EPOLL, "forget one-shot on modify",
     "epoll_event event{flags_of(watch),",
     "epoll_event event{operation == EPOLL_CTL_MOD ? flags_of(watch) & ~EPOLLONESHOT : flags_of(watch),",
     "modify.rearms"),
    (EPOLL, "round the timeout down to milliseconds",
     "posix::to_timespec(timeout);",
     "posix::to_timespec(std::chrono::floor<std::chrono::milliseconds>(timeout));", "timeout.rounds_up"),
    (EPOLL, "swap the tokens of the first two events",
     "return events;", "if (count > 1) std::swap(events[0].token, events[1].token); return events;",
     "add.tokens"),
    (EPOLL, "return one event too few",
     "return events;", "return events.first(events.size() > 1 ? events.size() - 1 : events.size());",
     "buffer.lossless"),
    (EPOLL, "keep the watch on remove()",
     "return epoll_ctl(epoll_, EPOLL_CTL_DEL, source, nullptr) == -1 ? unknown() : std::error_code();",
     "return epoll_ctl(epoll_, EPOLL_CTL_DEL, -1, nullptr) == 0 ? unknown() : std::error_code();", "remove.is_final"),
    (EPOLL, "keep the old token on modify()",
     "{.u64 = static_cast<std::uint64_t>(watch.token)}};\n        return check(",
     "{.u64 = static_cast<std::uint64_t>(watch.token)}};\n        if (operation == EPOLL_CTL_MOD) event.data.u64 = 1;\n"
     "        return check(", "modify.replaces"),
    (EPOLL, "leave the epoll descriptor open across exec",
     "epoll_create1(EPOLL_CLOEXEC)", "epoll_create1(0)", "selector.close_on_exec"),
    (EPOLL, "leak the eventfd", "if (wake_ != -1) close(wake_);", "", "selector.no_leak"),
    (EPOLL, "take a hang-up for nothing to read",
     "if (flags & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))", "if (flags & EPOLLIN)", "end.pipe_writer_gone"),
    (EPOLL, "report a signal as an error", "if (errno != EINTR) error", "error", "signal.returns"),
    (EPOLL, "take edge for level", "watch.mode == Mode::edge ? flags | EPOLLET : flags", "flags", "edge.once"),
    (EPOLL, "let a paused level watch ask for data",
     "if (flags == 0 || watch.mode == Mode::oneshot)",
     "if (flags == 0) flags = EPOLLIN;\n    if (watch.mode == Mode::oneshot)", "add.no_interest"),
    (EPOLL, "let a paused watch hear of a hang-up for ever",
     "if (flags == 0 || watch.mode == Mode::oneshot)", "if (watch.mode == Mode::oneshot)", "modify.pauses"),
    (EPOLL, "accept the token of wakes",
     "if (watch.token == wake_token) return make_error_code(std::errc::invalid_argument);", "", "add.wake_token"),
    (EPOLL, "replace the watch on a second add()",
     "return change(EPOLL_CTL_ADD, source, watch);",
     "auto error = change(EPOLL_CTL_ADD, source, watch);\n"
     "        return error == std::errc::file_exists ? change(EPOLL_CTL_MOD, source, watch) : error;", "add.duplicate"),
    (EPOLL, "end a sleep without an event",
     "epoll_wait(epoll_, events, room, -1);", "epoll_wait(epoll_, events, room, 3);", "timeout.forever"),
    (EPOLL, "keep quiet about the step that failed", "failure = {check(result), name};", "failure = {};", "open.limits"),
    (POLL, "do not interrupt the sleep on a change", "if (!asleep_ || interrupted_) return {};", "if (!woken_) return {};",
     "add.while_asleep"),
    (POLL, "never empty the pipe", "if (std::exchange(interrupted_, false)) {", "if (false) {", "selector.idle"),
    (POLL, "always begin the scan at the front", "next_ < places ? next_ : 0", "seen", "buffer.fair"),
    (POLL, "lose a wake when the buffer is full",
     "const std::size_t places = polled.size() + 1;",
     "const std::size_t places = polled.size() + 1;\n"
     "        if (buffer.size() == 1 && ready > 0) woken_ = false;", "buffer.room_for_wake"),
    (POLL, "return after one sleep", "if (left == left.zero()) return {};",
     "if (left == left.zero() || (timeout && next_++ % 2)) return {};", "timeout.never_early"),
    (POLL, "believe that every number is open", "return check(fcntl(source, F_GETFD));", "return check(source < 0 ? 0 : 0);",
     "add.not_open"),
    (POLL, "pass the pipe on to other programs", "fcntl(end, F_SETFD, FD_CLOEXEC) == -1 ||", "",
     "selector.close_on_exec"),
    (POLL, "report a change as the end of the sleep",
     "if (!sleep(lock, timeout ? posix::to_milliseconds(left) : -1, error)) return {};",
     "sleep(lock, timeout ? posix::to_milliseconds(left) : -1, error);\n            return {};", "timeout.forever"),
    (WATCHES, "keep a spent one-shot watch armed",
     "if (kept_[index].oneshot || (events & POLLNVAL))", "if (events & POLLNVAL)", "oneshot.once"),
    (WATCHES, "report a closed number for ever",
     "if (kept_[index].oneshot || (events & POLLNVAL))", "if (kept_[index].oneshot)", "close.forgotten"),
    (WATCHES, "forget where the last watch went on remove()",
     "place_[static_cast<std::size_t>(last < 0 ? ~last : last)] = place;\n    place_[static_cast<std::size_t>(source)] = nowhere;",
     "place_[static_cast<std::size_t>(source)] = nowhere;\n    (void)last;", "many.sources"),
    (WATCHES, "keep the old mode on modify()",
     "kept_[place] = {watch.token, watch.mode == Mode::oneshot};", "kept_[place].token = watch.token;", "mode.switch"),
    (WATCHES, "leave a paused watch to poll(2)",
     "return {events == 0 ? silenced(source) : source, events, 0};",
     "return {source, static_cast<short>(events == 0 ? POLLIN : events), 0};", "add.no_interest"),
    (WATCHES, "take a hang-up for nothing to read",
     "if (events & (POLLIN | POLLHUP | POLLERR))", "if (events & POLLIN)", "end.pipe_writer_gone"),
]


def compile_engine(folder: pathlib.Path) -> pathlib.Path:
    engine = folder / f"libpollux-{folder.name}.so"
    subprocess.run(
        ["c++", "-std=c++20", "-g1", "-O1", "-fPIC", "-shared", "-I", SOURCE / "core/include", "-o", engine,
         *sorted(folder.glob("*.cpp"))], check=True)
    return engine


def is_caught(program: pathlib.Path, engine: pathlib.Path, rule: str) -> bool:
    # A race that takes 10 ns is not met in each run of a rule; in five it is.
    for _ in range(5):
        run = subprocess.run([program, engine, f"--gtest_filter=*/{rule}"], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, timeout=600)
        if run.returncode not in (0, 2):  # 2 is misuse; a crash is caught, too
            return True
    return False


def main() -> int:
    program = pathlib.Path(sys.argv[1]).resolve() / "bin/pollux-conformance"
    word = sys.argv[2] if len(sys.argv) > 2 else ""
    os.environ.pop("POLLUX_BACKEND", None)
    tried = missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for number, (file, description, piece, instead, rule) in enumerate(FAULTS):
            if word not in description:
                continue
            tried += 1
            folder = pathlib.Path(scratch) / str(number) / pathlib.Path(file).parent
            shutil.copytree(SOURCE / "plugins" / pathlib.Path(file).parent, folder)
            broken = folder / pathlib.Path(file).name
            text = broken.read_text()
            if text.count(piece) != 1:
                print(f"NO PLACE  {file}: {description}: the piece is there {text.count(piece)} times, expected once")
                missed += 1
                continue
            broken.write_text(text.replace(piece, instead))
            caught = is_caught(program, compile_engine(folder), rule)
            missed += not caught
            print(f"{'caught' if caught else 'MISSED'}  {file}: {description}: {rule}", flush=True)
    print(f"{tried - missed} faults caught, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
