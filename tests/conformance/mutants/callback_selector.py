# SPDX-License-Identifier: BSL-1.0
from subject import Subject

# The plugin that `pollux new --callback` writes, with the headers of this copy.
SUBJECT = Subject(folder="core", library="libpollux-fresh_callback_plugin.so", program="bin/pollux-conformance", sources=(),
                  generated=("tests/fresh_callback_plugin.cpp",), is_argument=True, attempts=5, patience=600)  # fmt: skip

SELECTOR = "include/pollux/callback_selector.hpp"
CALLBACK = "include/pollux/callback.hpp"
TURNS = "include/pollux/turns.hpp"
WAKE_PAIR = "include/pollux/wake_pair.hpp"

# file, defect, piece of the source, its replacement, rule that has to fail
MUTANTS = [
    (SELECTOR, "report the same sources each time that the buffer is full",
     "std::ranges::sort(state.ready, {}, [](const Report& report) { return report.watched->reported; });", "",
     "buffer.fair"),
    (SELECTOR, "report a spent watch again", "if (watched->watch.mode == Mode::oneshot)", "if (false)",
     "oneshot.once"),
    (SELECTOR, "merge each later wake into the first one", "pending_.collect();", "", "wake.asleep"),
    (SELECTOR, "leave the byte of a wake", "if ((error = state.own[wakes].pair.drain())) return 0;", "",
     "wake.coalesces"),
    (SELECTOR, "return early after a change", "if (left == Timeout(std::chrono::nanoseconds::zero())) return {};",
     "return {};", "timeout.beside_changes"),
    (SELECTOR, "return the error of a signal", "if (is_interrupted) error.clear();", "", "signal.returns"),
    (SELECTOR, "do not notice that all descriptors were closed",
     "if ((error = own.pair.check_open())) return {};", "", "selector.descriptors_closed"),
    (SELECTOR, "keep the descriptors of a parent open", "for (auto& own : state_->own) own.pair.close();", "",
     "fork.child_destroys"),
    (SELECTOR, "let a child wake its parent",
     "if (!owner_.is_current()) return make_error_code(std::errc::no_such_process);\n        return pending_.wake(",
     "return pending_.wake(", "fork.calls_refused"),
    (SELECTOR, "let a child change what its parent watches",
     "if (!owner_.is_current()) return make_error_code(std::errc::no_such_process);\n        return toolkit::error_of(",
     "return toolkit::error_of(", "fork.calls_refused"),
    (SELECTOR, "start a watch that is started", "watched.stop(state.library);\n            const auto restore",
     "const auto restore", "modify.pauses"),
    (SELECTOR, "go on after remove()", "found->second.stop(state.library);", "", "remove.is_final"),
    (SELECTOR, "watch a source twice",
     "if (state.watches.contains(source)) return make_error_code(std::errc::file_exists);", "", "add.duplicate"),
    (SELECTOR, "accept a file that reports once", "return any(watch.interest & Ready::priority)", "return false",
     "priority.once"),
    (SELECTOR, "report an interrupt as a wake", "if (&watched == state.own[interrupts].watched.get()) {", "if (false) {",
     "files.while_asleep"),
    (CALLBACK, "forget the sources that were called before", "next_ = std::exchange(*called_, this);", "*called_ = this;",
     "add.tokens"),
    (CALLBACK, "report conditions of the turn before", "return std::exchange(seen_, Ready::none);", "return seen_;",
     "modify.rearms"),
    (TURNS, "change what runs", "mutex_.wait(ended_, [this]() POLLUX_REQUIRES(mutex_) { return !is_running_; });", "",
     "threads.concurrent_changes"),
    (TURNS, "wait for a turn that no thread ends", "if (const std::error_code error = interrupt()) return error;", "",
     "add.while_asleep"),
    (TURNS, "interrupt the first turn only", "return finish(std::exchange(is_interrupted_, false));",
     "return finish(is_interrupted_);", "add.while_asleep"),
    (WAKE_PAIR, "report success of a wake that no thread receives", "return error || has_arrived(ends_[0]) ? error :",
     "return true ? error :", "wake.descriptors_replaced"),
]
