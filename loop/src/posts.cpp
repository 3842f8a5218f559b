// SPDX-License-Identifier: BSL-1.0
#include "posts.hpp"

#include "no_destructor.hpp"
#include "preallocated_mutex.hpp"

#include <pollux/loop/poster.hpp>

#include <cerrno>
#include <new>
#include <stdexcept>

#ifndef _WIN32
#include <pthread.h>
#endif

namespace pollux::loop {

/// The PostQueues of the process, which are locked around fork(): in a child none must be locked, or half changed, by a
/// thread that exists only in the parent.
class PostQueues {
  public:
    static void insert(PostQueue& queue) {
        if (around_fork != 0) throw std::bad_alloc();
        const MutexLock lock(mutex());
        auto*& first = all().first;
        queue.next_ = first;
        if (first) first->previous_ = &queue;
        first = &queue;
    }
    static void erase(PostQueue& queue) {
        const MutexLock lock(mutex());
        (queue.previous_ ? queue.previous_->next_ : all().first) = queue.next_;
        if (queue.next_) queue.next_->previous_ = queue.previous_;
    }

  private:
    struct All {
        loop::PreallocatedMutex mutex;
        PostQueue* first POLLUX_GUARDED_BY(mutex) = nullptr;
    };

    static All& all() {
        static loop::NoDestructor<All> only;
        return only.value;
    }
    static loop::PreallocatedMutex& mutex() POLLUX_RETURN_MUTEX(all().mutex) { return all().mutex; }
    /// Constructs what lock() uses; returns whether there was memory for it.
    static bool prepare_for_fork() noexcept try {
        all();
        return true;
    } catch (const std::system_error&) {
        return false;
    }
    /// Not analysed, like unlock(): as many mutexes as there are queues.
    static void lock() POLLUX_NO_THREAD_SAFETY_ANALYSIS {
        mutex().lock();
        for (auto* queue = all().first; queue; queue = queue->next_) queue->protocol_.mutex().lock();
    }
    static void unlock() POLLUX_NO_THREAD_SAFETY_ANALYSIS {
        for (auto* queue = all().first; queue; queue = queue->next_) queue->protocol_.mutex().unlock();
        mutex().unlock();
    }

    static const int around_fork; // an error of the system
};

// Before main(), so that no other thread can fork() while a lock is held and this is not yet registered.
#ifdef _WIN32
const int PostQueues::around_fork = 0;
#else
const int PostQueues::around_fork = prepare_for_fork() ? pthread_atfork(lock, unlock, unlock) : ENOMEM;
#endif

PostQueue::PostQueue(const PollRegistrator& registrator, std::size_t limit) : registrator_(registrator), limit_(limit) {
    PostQueues::insert(*this);
}

PostQueue::~PostQueue() { PostQueues::erase(*this); }

std::error_code PostQueue::post(Callback<void()>&& function) {
    if (!function) throw std::invalid_argument("pollux: expected a function to post, was given an empty one");
    const auto push = [&] {
        protocol_.mutex().assume_locked();
        if (functions_.size() >= limit_) return false;
        functions_.push_back(std::move(function));
        return true;
    };
    return protocol_.post(push, [this] { return wake(); });
}

void PostQueue::take(Functions& into) noexcept {
    protocol_.take([&] {
        protocol_.mutex().assume_locked();
        functions_.swap(into);
    });
}

void PostQueue::trim() noexcept {
    const MutexLock lock(protocol_.mutex());
    if (functions_.empty() && functions_.capacity() > loop::always_kept) Functions().swap(functions_);
}

std::error_code PostQueue::release() noexcept {
    return protocol_.release([this] { return wake(); });
}

std::size_t PostQueue::size() const {
    const MutexLock lock(protocol_.mutex());
    return functions_.size();
}

bool PostQueue::is_idle() const {
    return protocol_.is_idle([this] {
        protocol_.mutex().assume_locked();
        return functions_.empty();
    });
}

void PostQueue::close() noexcept {
    Functions dropped; // destroyed without the mutex: their destructors may call this queue again
    protocol_.close([&] {
        protocol_.mutex().assume_locked();
        functions_.swap(dropped);
    });
}

std::error_code Poster::post(Callback<void()>&& function) const { return posts_->post(std::move(function)); }

std::error_code Poster::wake() const noexcept { return posts_->wake(); }

KeepAlive Poster::keep_alive() const noexcept { return KeepAlive(posts_); }

KeepAlive::KeepAlive(std::shared_ptr<PostQueue> posts) noexcept : posts_(std::move(posts)) { posts_->hold(); }

KeepAlive::~KeepAlive() {
    // A destructor cannot report an error to the caller, who could repeat the call.
    for (int tries = 0; tries < 3; ++tries) {
        if (!close()) return;
    }
    posts_->drop_hold();
}

std::error_code KeepAlive::close() noexcept {
    if (!posts_) return {};
    if (const auto error = posts_->release()) return error;
    posts_.reset();
    return {};
}

} // namespace pollux::loop
