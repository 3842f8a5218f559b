# SPDX-License-Identifier: BSL-1.0
from subject import Subject

# A header of the loop, which the model includes; what the library is made of is no matter.
SUBJECT = Subject(
    folder="loop", library="libpollux-model.so", program="tests/loop/pollux-loop-model", sources=("src/own_thread.cpp",),
    flags=("-O2", "-Isrc"),
    own_tests=("tests/harness/memory_model/memory.cpp", "tests/loop/model/post_protocol_test.cpp"))  # fmt: skip

HEADER = "src/post_protocol.hpp"
STOP = "src/stop_request.hpp"
LOSES = "PostProtocolModel.loses_nothing"

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    (HEADER, "note no post", "            any_.store(true, std::memory_order_relaxed);\n", "", LOSES),
    (HEADER, "leave the note of posts that are taken", "            any_.store(false, std::memory_order_relaxed);\n", "",
     LOSES),
    (HEADER, "take back the note of a later post", "            any_.store(false, std::memory_order_relaxed);\n"
     "            batch_ = batch_ + 1;\n        });\n",
     "            batch_ = batch_ + 1;\n        });\n        any_.store(false, std::memory_order_relaxed);\n", LOSES),
    (HEADER, "begin no batch", "            batch_ = batch_ + 1;\n", "", LOSES),
    (HEADER, "leave wakes to one that failed", "if (!error) woken_for_.store", "woken_for_.store", LOSES),
    (HEADER, "leave wakes to one that may fail yet", "        const std::error_code error = wake();\n        // An older",
     "        woken_for_.store(batch, std::memory_order_relaxed);\n"
     "        const std::error_code error = wake();\n        // An older", LOSES),
    (HEADER, "leave wakes to one for another batch", "woken_for_.load(std::memory_order_relaxed) != batch_",
     "woken_for_.load(std::memory_order_relaxed) == 0", LOSES),
    (HEADER, "note a wake for the batch that is posted to by then", "woken_for_.store(batch, std::memory_order_relaxed)",
     "woken_for_.store(Memory::locked(mutex_, [&] { return std::uint64_t(batch_); }), std::memory_order_relaxed)", LOSES),
    (HEADER, "wake the thread that posts to itself", "if (!is_own_thread() && woken", "if (woken", LOSES),
    (HEADER, "take each thread for the Loop's", "if (!is_own_thread() && woken", "if (is_own_thread() && woken", LOSES),
    (HEADER, "take a thread that has run the Loop for the Loop's",
     "void run_by(ThreadId thread) noexcept { thread_", "void run_by(ThreadId thread) noexcept { if (thread != ThreadId()) thread_",
     "PostProtocolModel.a_thread_that_ran_the_loop_wakes_it"),
    (HEADER, "take without the mutex", "        Memory::locked(mutex_, [&]() POLLUX_REQUIRES(mutex_) {\n            take_all();",
     "        [](Mutex&, auto&& take_unlocked) { take_unlocked(); }(mutex_, [&]() POLLUX_REQUIRES(mutex_) {\n            take_all();", LOSES),
    (HEADER, "leave a Loop asleep that nothing holds", "if (!wakes) return {};", "if (&wakes) return {};", LOSES),
    (HEADER, "wake before the KeepAlive is released", "        const bool wakes = Memory::locked(mutex_, [&]() POLLUX_REQUIRES(mutex_) {\n",
     "        if (!wake()) return drop_hold(), std::error_code();\n"
     "        const bool wakes = Memory::locked(mutex_, [&]() POLLUX_REQUIRES(mutex_) {\n", LOSES),
    (HEADER, "release a KeepAlive whose wake failed", "        hold();\n        return error;", "        return error;", LOSES),
    (HEADER, "hide that the release of a KeepAlive failed", "        hold();\n        return error;", "        hold();\n        return {};",
     LOSES),
    (HEADER, "post to a Loop that is gone", "            closed_ = true;\n", "", "PostProtocolModel.a_closed_queue_keeps_nothing"),
    (STOP, "wake before the request to stop",
     "        is_requested_.store(true, std::memory_order_release);\n        return wake();",
     "        const std::error_code error = wake();\n        is_requested_.store(true, std::memory_order_release);\n"
     "        return error;", LOSES),
    (STOP, "let a request to stop be seen before what it is about",
     "is_requested_.store(true, std::memory_order_release)", "is_requested_.store(true, std::memory_order_relaxed)", LOSES),
    (STOP, "see a request to stop before what it is about", "exchange(false, std::memory_order_acquire)",
     "exchange(false, std::memory_order_relaxed)", LOSES),
]  # fmt: skip
