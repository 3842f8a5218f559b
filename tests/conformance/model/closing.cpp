// SPDX-License-Identifier: BSL-1.0
#include "closing.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace pollux::conformance::model {
namespace {

/// A Closer closes descriptors in a thread of its own. Closing an inotify(7) descriptor waits until no processor can
/// see its watches, which takes 10 ms.
class Closer {
  public:
    Closer() { std::thread(&Closer::run, this).detach(); }

    /// Keeps a duplicate of the source, so that closing the source is not the last close().
    void take(Source source) {
        const Source taken = fcntl(source, F_DUPFD_CLOEXEC, first_taken);
        if (taken == -1) return; // closing the source is then the last close()
        const std::lock_guard lock(mutex_);
        taken_.emplace_back(taken);
        changed_.notify_one();
    }

  private:
    static constexpr Source first_taken = 900; // above all descriptors of scenes

    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return !taken_.empty(); });
            const auto closed_here = std::exchange(taken_, {});
            lock.unlock();
            for (const auto source : closed_here) ::close(source);
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Source> taken_;
};

} // namespace

void close_source(Source source, Nature nature) {
    static Closer& closer = *new Closer; // lives until the process ends
    if (nature == Nature::inotify) closer.take(source);
    ::close(source);
}

} // namespace pollux::conformance::model
