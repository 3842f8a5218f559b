// SPDX-License-Identifier: BSL-1.0
// kqueue(2), and a close(2) and dup2(2) that handle it: "Events which are attached to file descriptors are
// automatically deleted on the last close of the descriptor." A program sees these functions if it is linked with this
// library before libc.
#include "queues.hpp"

#include <cerrno>
#include <cstdarg>

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kqueue_on_linux {
namespace {

/// Queues holds all kqueues of the process. It is never destroyed, since close() is called after all destructors.
struct Queues {
    std::mutex mutex;
    std::map<int, std::shared_ptr<Queue>> by_descriptor;
};

Queues& queues();

/// kqueue(2): "The queue is not inherited by a child created with fork(2)."
void lose_all_in_children() {
    const auto lock = [] { queues().mutex.lock(); };
    const auto unlock = [] { queues().mutex.unlock(); };
    const auto lose = [] {
        for (const auto& [number, queue] : queues().by_descriptor) queue->lose();
        queues().by_descriptor.clear();
        queues().mutex.unlock();
    };
    pthread_atfork(lock, unlock, lose);
}

Queues& queues() {
    static Queues& all = *[] {
        auto* made = new Queues;
        lose_all_in_children();
        return made;
    }();
    return all;
}

bool is_hidden(int descriptor) {
    const std::lock_guard lock(queues().mutex);
    for (const auto& [number, queue] : queues().by_descriptor) {
        if (queue->hides(descriptor)) return true;
    }
    return false;
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

/// A duplicate of a kqueue is the same one with another descriptor.
extern "C" int fcntl(int descriptor, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    const long argument = va_arg(arguments, long);
    va_end(arguments);
    const int result = static_cast<int>(syscall(SYS_fcntl, descriptor, command, argument));
    if (result == -1 || (command != F_DUPFD && command != F_DUPFD_CLOEXEC)) return result;
    if (const auto queue = kqueue_on_linux::queue_of(descriptor)) {
        const std::lock_guard lock(kqueue_on_linux::queues().mutex);
        queue->renumber(result);
        kqueue_on_linux::queues().by_descriptor[result] = queue;
    }
    return result;
}

extern "C" int close(int descriptor) {
    if (descriptor >= 0 && kqueue_on_linux::is_hidden(descriptor)) {
        errno = EBADF; // a program cannot have opened it
        return -1;
    }
    kqueue_on_linux::forget(descriptor);
    return static_cast<int>(syscall(SYS_close, descriptor));
}

/// Closes `to`, unless the call fails.
extern "C" int dup2(int from, int to) noexcept {
    if (to >= 0 && kqueue_on_linux::is_hidden(to)) {
        errno = EBADF; // a program cannot have opened it
        return -1;
    }
    if (fcntl(from, F_GETFD) == -1) return -1;
    if (from == to) return to;
    kqueue_on_linux::forget(to);
    return static_cast<int>(syscall(SYS_dup3, from, to, 0));
}
