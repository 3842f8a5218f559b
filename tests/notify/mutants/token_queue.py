# SPDX-License-Identifier: BSL-1.0
from subject import Subject

SUBJECT = Subject(
    folder="notify", library="libpollux-notify.so.0.1", program="tests/notify/pollux-notify-tests",
    links=("-Wl,-soname,libpollux-notify.so.0.1",),
    headers=("include/pollux/notify/*.hpp", "include/pollux/notify/internal/*.hpp"),
    own_tests=("tests/notify/bound_test.cpp", "tests/notify/channel_test.cpp", "tests/notify/disconnect_test.cpp",
               "tests/notify/lanes_test.cpp", "tests/notify/queue_test.cpp", "tests/notify/threads_test.cpp"))  # fmt: skip

QUEUE = "src/token_queue.cpp"

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    (QUEUE, "leave the rest asleep after a failed wake", "static_cast<void>(wake_or_retry());", "static_cast<void>(wake());",
     "Bound.wakes_again_after_a_failed_wake_for_the_rest"),
    (QUEUE, "wake for no rest", "if (ring.try_sleep() == SleepResult::more) ", "if (ring.try_sleep() == SleepResult::finished) ",
     "notify.rest_wakes_select"),
    (QUEUE, "take a failed wake for a pending one", "if (error) ring.unclaim_wakeup();", "", "notify.wake_fails"),
    (QUEUE, "wake nothing before the first poll()", "if (queue->can_sleep) queue->ring.try_sleep();", "", "notify.wakes_select"),
]  # fmt: skip
