# SPDX-License-Identifier: BSL-1.0
from subject import Subject

# A header of the core; what the library is made of is no matter.
SUBJECT = Subject(
    folder="core", library="libpollux.so", program="tests/core/pollux-core-tests", sources=("src/stack_list.cpp",),
    headers=("include/pollux/posix.hpp",),
    own_tests=("tests/core/posix_test.cpp", "tests/core/posix_units_test.cpp"))  # fmt: skip

HEADER = "include/pollux/posix.hpp"
ENDS = "PosixPoll.reports_ends_of_pipes_below_a_lowered_limit_of_descriptors"

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    (HEADER, "ask about no end", "int result = select_for(0, true);", "int result = select_for(0, false);", ENDS),
    (HEADER, "take unread data for an end", "ioctl(descriptor, FIONREAD, &bytes) == 0 &&", "true &&", ENDS),
    (HEADER, "take a pipe without a reader for an end", "(flags & O_ACCMODE) != O_WRONLY &&", "true &&", ENDS),
    (HEADER, "take the end of a half for an end", "!S_ISFIFO(status.st_mode)", "false", ENDS),
    (HEADER, "sleep beside what is ready", "if (count != 0 || milliseconds == 0) return count;",
     "if (milliseconds == 0) return count;", ENDS),
    (HEADER, "leave the results of an earlier call", "const int count = count_ready(result == -1);",
     "const int count = result == 0 ? 0 : count_ready(result == -1);",
     "PosixPoll.works_below_a_lowered_limit_of_descriptors"),
    (HEADER, "take what was reported for an end", "if (poll_now({&source, 1}) != 1) return 0;",
     "if (poll_now({&source, 1}) != 1) return reported;", "PosixPoll.rechecks_an_end"),
    (HEADER, "take unread data for an end that was reported", "return is_refused && (source", "return (source",
     "PosixPoll.rechecks_an_end"),
    (HEADER, "take what was reported for what poll(2) reports",
     "if (source.revents & ends) return static_cast<short>(source.revents & ends);",
     "if (source.revents & ends) return reported;", "PosixPoll.rechecks_an_end"),
    (HEADER, "recheck no end below the limit", "? reported : short{0};", "? short{0} : short{0};",
     "PosixPoll.rechecks_an_end"),
    (HEADER, "let data that is not asked for end a sleep", "result = select_for(milliseconds, false);",
     "result = select_for(milliseconds, true);",
     "PosixPoll.sleeps_beside_unread_data_below_a_lowered_limit_of_descriptors"),
]
