# SPDX-License-Identifier: BSL-1.0
from subject import backend, other_tests

SUBJECT = backend("asio", flags=("-ftls-model=initial-exec", "-DBOOST_ASIO_DISABLE_FENCED_BLOCK"), commands=other_tests("asio"))

# file, defect, piece of the source, its replacement, rule that has to fail
ASIO = "asio.cpp"
REACTOR = "reactor.cpp"
WATCHED = "watched.cpp"
WATCHED_HPP = "watched.hpp"

MUTANTS = [
    (WATCHED_HPP, "let Asio close what it was lent",
     "if (descriptor.is_open()) descriptor.release();", "", "selector.leaves_sources_open"),
    (WATCHED, "leave a source non-blocking, as Asio makes it",
     "return check(ioctl(watched.source, FIONBIO, &off));", "return check(off);", "add.does_not_change_the_source"),
    (ASIO, "believe a wait that ended for a watch of before",
     "if (found == watches_.end() || found->second->generation != generation) return;",
     "if (found == watches_.end()) return;\n        found->second->watch.interest = directions[direction].ready;",
     "modify.pauses"),
    (WATCHED, "report what a wait was for without a recheck",
     "if (posix::poll_now({&seen, 1}) == -1) {", "seen.revents = seen.events;\n    if (false) {", "add.reports"),
    (WATCHED, "ask only a poll(2) that a lowered limit refuses",
     "posix::poll_now({&seen, 1})", "poll(&seen, 1, 0)", "selector.lowered_limit"),
    (WATCHED, "wait again and again for what ended below a lowered limit",
     "seen.revents = posix::recheck_end(watched.source, POLLIN | POLLOUT);", "{}", "selector.lowered_limit_no_spin"),
    (ASIO, "do not know that a wait has ended", "found->second->wait_ended = true;", "",
     "selector.lowered_limit_no_spin"),
    (WATCHED, "accept a file that reports once", "S_ISREG(status.st_mode)", "S_ISSOCK(status.st_mode)", "priority.once"),
    (ASIO, "let Asio destroy what a parent uses", "if (!owner_.is_current()) Queue::abandon(queue_.release());", "",
     "fork.child_destroys"),
    (ASIO, "let a child remove a watch of its parent",
     "return owner_.is_current() ? queue_->remove(source) : other_process();", "return queue_->remove(source);",
     "fork.calls_refused"),
    (ASIO, "run a reactor that is closed", "if (!own_.are_open()) {", "if (false) {", "selector.descriptors_closed"),
    (REACTOR, "run until a handler was called", "boost::asio::use_service<boost::asio::detail::scheduler>(context).wait_one(",
     "if (!timeout) return static_cast<void>(context.run_one());\n    "
     "boost::asio::use_service<boost::asio::detail::scheduler>(context).wait_one(", "selector.descriptors_closed_while_waiting"),
    (REACTOR, "run until a handler was called, or the time is over",
     "boost::asio::use_service<boost::asio::detail::scheduler>(context).wait_one(",
     "if (timeout) return static_cast<void>(context.run_one_for(wait));\n    "
     "boost::asio::use_service<boost::asio::detail::scheduler>(context).wait_one(", "selector.descriptors_closed_while_waiting"),
    (REACTOR, "ask only whether a number is open", "return errno == EEXIST;", "return errno != EBADF;",
     "selector.descriptors_closed_while_waiting"),
    (ASIO, "call a wake delivered that no epoll set delivers",
     "if (const int error = own_.interrupt())", "if (const int error = 0)",
     "wake.descriptors_replaced"),
    (ASIO, "take the numbers of standard streams", "const posix::StandardStreams taken;", "", "selector.standard_streams"),
    (REACTOR, "leave the descriptors open in a child", "if (descriptor != -1) ::close(descriptor);", "(void)descriptor;",
     "fork.child_destroys"),
    (ASIO, "forget to wait again after a wait that ended",
     "found->second->waiting[direction] = false;", "", "level.repeats"),
    (ASIO, "wait to read, whatever the interest is",
     "async_wait(directions[i].wait,", "async_wait(Descriptor::wait_read,", "level.writable"),
    (ASIO, "do not poll a source that is added",
     "set_due(watched, any(watched->watch.interest));", "set_due(watched, false);", "add.already_ready"),
    (ASIO, "do not interrupt the sleep on modify()",
     "interrupt();\n            begin(found->second, watch);", "begin(found->second, watch);", "modify.rearms"),
    (ASIO, "do not interrupt the sleep on a wake",
     "interrupt();\n            set_due(wake_, true);", "set_due(wake_, true);", "wake.asleep"),
    (WATCHED, "wait for what is closed again and again",
     "if ((seen.revents & POLLNVAL) || (watched.wait_failed && !any(ready))) watched.watch.interest = Ready::none;",
     "if (seen.revents & POLLNVAL) ready |= Ready::readable;", "close.while_registered"),
    (ASIO, "keep a spent one-shot watch armed",
     "begin(watched, {watched->watch.token, Ready::none, watched->watch.mode});", "begin(watched, watched->watch);",
     "oneshot.once"),
    (ASIO, "always poll the same level watch first",
     "due_.splice(due_.end(), due_, watched);", "", "buffer.fair"),
    (ASIO, "let a repeated wake lose its turn",
     "if (watched->due == due) return;", "if (watched->due == due && !due) return;", "wake.fair"),
    (ASIO, "keep the wake after its event",
     "if (watched == wake_) {\n                set_due(watched, false);", "if (watched == wake_) {", "wake.next"),
    (ASIO, "return after one sleep",
     "run_turn(context_, left);", "run_turn(context_, std::chrono::milliseconds(3));\n            if (!timeout) return {};",
     "timeout.forever"),
    (ASIO, "round a wait down to milliseconds",
     "run_turn(context_, left);",
     "context_.run_one_for(std::chrono::floor<std::chrono::milliseconds>(left.value_or(std::chrono::hours(1))));\n"
     "            return {};",
     "timeout.rounds_up"),
    (ASIO, "report no error of a second add()",
     "if (watches_.contains(source)) return make_error_code(std::errc::file_exists);",
     "if (watches_.contains(source)) return std::error_code();", "add.duplicate"),
    (ASIO, "let an exception of open() pass for a Selector without its error",
     'failure.set(caught(), "boost::asio::io_context");', 'failure.set({}, "boost::asio::io_context");', "open.limits"),
    (ASIO, "keep the source with Asio after remove()",
     "list_of(*found->second).erase(found->second);", "", "remove.then_add"),
    (ASIO, "give up a wait after a second", "run_turn(context_, left);",
     "if (left != forever && *left > std::chrono::seconds(1)) return run_turn(context_, std::chrono::seconds(1)), std::span<const Event>();\n"
     "            run_turn(context_, left);", "timeout.endless"),
    (ASIO, "drop what is beyond 64 events", "if (watched == wake_ || any(ready)) buffer[count++]",
     "if (count >= 64 && watched != wake_) {\n"
     "                set_due(watched, false);\n"
     "                continue;\n"
     "            }\n"
     "            if (watched == wake_ || any(ready)) buffer[count++]", "modify.many_changes"),
    (REACTOR, "round waits up to 16 ms", "std::chrono::ceil<microseconds>(wait).count()",
     "std::chrono::ceil<std::chrono::duration<long, std::ratio<16, 1000>>>(wait).count() * 16000", "timeout.lengths"),
]
