// SPDX-License-Identifier: BSL-1.0
// kqueue(2), and the close(2) that knows of it: "Events which are attached to file descriptors are automatically
// deleted on the last close of the descriptor." A program sees this close() if it is linked with this library before
// libc.
#include "queues.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace kqueue_on_linux {
namespace {

/// Lives until the process ends: close() is called after everything else.
struct Queues {
    std::mutex mutex;
    std::map<int, std::shared_ptr<Queue>> by_descriptor;
};

Queues& queues() {
    static Queues& all = *new Queues;
    return all;
}

void forget(int descriptor) {
    std::shared_ptr<Queue> closed; // destroyed unlocked
    const std::lock_guard lock(queues().mutex);
    auto& all = queues().by_descriptor;
    if (const auto found = all.find(descriptor); found != all.end()) {
        closed = found->second;
        all.erase(found);
    }
    for (const auto& [number, queue] : all) queue->forget(descriptor);
}

} // namespace

std::shared_ptr<Queue> queue_of(int descriptor) {
    const std::lock_guard lock(queues().mutex);
    const auto found = queues().by_descriptor.find(descriptor);
    return found == queues().by_descriptor.end() ? nullptr : found->second;
}

} // namespace kqueue_on_linux

extern "C" int kqueue() {
    const auto made = kqueue_on_linux::Queue::make();
    if (!made) return -1;
    const std::lock_guard lock(kqueue_on_linux::queues().mutex);
    kqueue_on_linux::queues().by_descriptor[made->descriptor()] = made;
    return made->descriptor();
}

extern "C" int close(int descriptor) {
    kqueue_on_linux::forget(descriptor);
    return static_cast<int>(syscall(SYS_close, descriptor));
}
