# SPDX-License-Identifier: BSL-1.0
from subject import engine

SUBJECT = engine("io_uring", links=("-luring",))

# file, what is broken, the piece, what is put there, the rule that must catch it
ENGINE = "io_uring.cpp"
REQUESTS = "requests.cpp"
RING = "ring.cpp"
WATCHES = "watches.cpp"

FAULTS = [
    (ENGINE, "leave a sleeper alone when a watch changes",
     "if (const auto error = end_sleep()) return error;\n        auto& slot", "auto& slot", "add.while_asleep"),
    (ENGINE, "take the bell for the wake",
     "watches_.look_at(place_of_wake);", "if (!asleep_) watches_.look_at(place_of_wake);", "wake.asleep"),
    (ENGINE, "sleep though a watch has to be requested anew",
     "if (error || !watches_.changed.empty()) continue;", "if (error) continue;", "level.repeats"),
    (ENGINE, "report what the kernel says without a look",
     "error = look(std::span(looks).first(size));", "for (auto& it : looks) it.revents = it.events;", "level.repeats"),
    (ENGINE, "do not look at a level watch again",
     "if (slot.watch.mode == Mode::level) watches_.look_at(place);", "", "mode.switch"),
    (ENGINE, "request a spent watch anew", "slot.reports = slot.armed = false;", "watches_.changed.push(place);",
     "oneshot.once"),
    (ENGINE, "keep a look that was due when a watch is replaced",
     "slot.armed = slot.by_change = slot.worth_a_look = false;", "slot.armed = slot.by_change = false;",
     "modify.pauses"),
    (ENGINE, "keep a look that was due when a watch goes",
     "slot.watched = slot.reports = slot.armed = slot.worth_a_look = false;",
     "slot.watched = slot.reports = slot.armed = false;", "remove.is_final"),
    (ENGINE, "take a signal for an error",
     "if (result == std::errc::interrupted) return false;", "", "signal.returns"),
    (ENGINE, "believe that every number is open",
     "return check(fcntl(source, F_GETFD));", "return check(source < 0 ? -1 : 0);", "add.not_open"),
    (ENGINE, "let the wake come again", "if (place == place_of_wake) return",
     "if (place == place_of_wake) slot.worth_a_look = true, watches_.ready.push(place);\n"
     "        if (place == place_of_wake) return", "wake.next"),
    (REQUESTS, "give up what a thread has requested when it ends",
     "if (error == EBADF || error == EINVAL) return;", "if (error != ENOMEM) return;", "selector.idle"),
    (REQUESTS, "do not request anew what ended for want of room",
     "} else if (!was_asked || (was_multishot && ++slot.endings < most_endings)) {", "} else if (!was_asked) {",
     "storm.lossless"),
    (REQUESTS, "leave the request of the old interest",
     "if (slot.requests > 0) ring_.prepare_cancel(name_of(place, slot), nobody);\n    slot.armed",
     "if (slot.requests > 0) return;\n    slot.armed", "mode.switch"),
    (REQUESTS, "do not cancel what was requested of a watch that goes",
     "if (slot.requests > 0) ring_.prepare_cancel(name_of(place, slot), nobody);\n    hear_out(slot);", "",
     "remove.while_asleep"),
    (REQUESTS, "wait for out-of-band data by POLLPRI alone",
     "return flags & POLLPRI ? flags | POLLRDBAND : flags;", "return flags;", "priority.asked"),
    (REQUESTS, "never hear the bell", "if (completion.name == bell) rung_ = false;", "", "wake.asleep"),
    (REQUESTS, "take a request that was answered for one that goes on",
     "if (completion.is_last) slot->armed = false;", "", "accept.ready"),
    (RING, "ask once for what is to be told each time", "entry->len = IORING_POLL_ADD_MULTI;", "entry->len = 0;",
     "edge.after_drain"),
    (RING, "sleep for no completion", "ring_.ring_fd), 0, 1,", "ring_.ring_fd), 0, 0,", "selector.idle"),
    (RING, "leave the ring open", "if (is_open()) io_uring_queue_exit(&ring_);", "", "selector.no_leak"),
    (RING, "keep quiet about the step that failed", "failure = {error, step};", "failure = {error, \"\"};",
     "open.limits"),
    (WATCHES, "put the newest first",
     "(empty() ? first_ : next_[last_]) = place;\n    last_ = place;",
     "next_[place] = std::exchange(first_, place);", "buffer.fair"),
]
