# SPDX-License-Identifier: BSL-1.0
from subject import Subject

# The orders of loads and stores, which the model of memory tries: no processor shows all of them.
SUBJECT = Subject(
    folder="notify", library="libpollux-notify.so.0.1", program="tests/notify/pollux-notify-model", patience=300,
    links=("-Wl,-soname,libpollux-notify.so.0.1",),
    headers=("include/pollux/notify/internal/*.hpp",),
    own_tests=("tests/harness/memory_model/memory.cpp", "tests/notify/model/model_test.cpp", "tests/notify/model/lane_list_test.cpp"))  # fmt: skip

RING, LANE = "include/pollux/notify/internal/token_ring.hpp", "include/pollux/notify/internal/token_lane.hpp"
LANES = "include/pollux/notify/internal/lane_list.hpp"

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    (RING, "read the data before the flags of the tokens are clear",
     "        // The flags are cleared before the caller reads the data of the tokens.\n        Memory::full_fence();\n", "",
     "Model.ring_has_no_fault"),
    (RING, "return from a push() whose wakeup was not claimed as if it was",
     "(tail & asleep) == 0 ? Pushed::queued : claim_wakeup();", "(tail & asleep) == 0 ? Pushed::queued : Pushed::conflated;",
     "Model.ring_has_no_fault"),
    (LANE, "believe a flag that the consumer may have cleared", "            Memory::full_fence(); // as in TokenRing::push()\n", "",
     "Model.lane_has_no_fault"),
    (LANES, "read the data before the flags of the tokens are clear", "        if (taken) Memory::full_fence();\n", "",
     "LaneListModel.has_no_fault"),
    (LANES, "free a lane that has tokens behind one that another lane delivered", "if (seen_[index] == poll_) return true; // from another lane",
     "if (seen_[index] == poll_) return false;", "LaneListModel.has_no_fault"),
    (LANES, "find the end of a lane behind its tokens",
     "            const bool abandoned = lane.abandoned.load(std::memory_order_acquire);\n            taken |= lane.tokens.take(want);\n",
     "            taken |= lane.tokens.take(want);\n            const bool abandoned = lane.abandoned.load(std::memory_order_acquire);\n",
     "LaneListModel.has_no_fault"),
    (LANES, "free a lane that the limit has left tokens in", "if (abandoned && size < tokens.size()) {", "if (abandoned) {",
     "LaneListModel.has_no_fault"),
    (LANES, "leave a lane in two steps", "if (lane->abandoned.exchange(true, std::memory_order_acq_rel)) Memory::destroy(lane);",
     "if (lane->abandoned.load(std::memory_order_acquire)) return Memory::destroy(lane);\n"
     "        lane->abandoned.store(true, std::memory_order_release);", "LaneListModel.has_no_fault"),
    (LANES, "take added lanes in two steps",
     "        for (auto* lane = opened_.exchange(nullptr, std::memory_order_acquire); lane;) {",
     "        auto* lane = opened_.load(std::memory_order_acquire);\n        opened_.store(nullptr, std::memory_order_relaxed);\n"
     "        while (lane) {", "LaneListModel.has_no_fault"),
    (LANES, "add a lane behind the end of the consumer", "            if (first == end()) {", "            if (false) {",
     "LaneListModel.has_no_fault"),
    (LANES, "read the next lane from one that was left", "            leave(std::exchange(lane, lane->next));\n",
     "            leave(lane);\n            lane = lane->next;\n", "LaneListModel.has_no_fault"),
]  # fmt: skip
