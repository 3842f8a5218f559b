// SPDX-License-Identifier: BSL-1.0
#include "posts.hpp"

#include <pollux/poster.hpp>

#include <new>
#include <stdexcept>

#ifndef _WIN32
#include <pthread.h>
#endif

namespace pollux {

/// All PostQueues of the process, which fork() locks: a child must not find one locked, or half changed, by a thread
/// that it does not have.
class PostQueues {
  public:
    static void insert(PostQueue& queue) {
        if (around_fork != 0) throw std::bad_alloc();
        const std::lock_guard lock(mutex());
        auto*& first = all().first;
        queue.next_ = first;
        if (first) first->previous_ = &queue;
        first = &queue;
    }
    static void erase(PostQueue& queue) {
        const std::lock_guard lock(mutex());
        (queue.previous_ ? queue.previous_->next_ : all().first) = queue.next_;
        if (queue.next_) queue.next_->previous_ = queue.previous_;
    }

  private:
    struct All {
        std::mutex mutex;
        PostQueue* first = nullptr;
    };
    /// Allocates nothing, and is never destroyed, for Loops that die when the program does.
    union Forever {
        All all;
        Forever() noexcept : all{} {}
        ~Forever() {} // NOLINT(modernize-use-equals-default)
    };

    static All& all() noexcept {
        static Forever only;
        return only.all;
    }
    static std::mutex& mutex() noexcept { return all().mutex; }
    static void lock() {
        mutex().lock();
        for (auto* queue = all().first; queue; queue = queue->next_) queue->mutex_.lock();
    }
    static void unlock() {
        for (auto* queue = all().first; queue; queue = queue->next_) queue->mutex_.unlock();
        mutex().unlock();
    }

    static const int around_fork; // an error of the system
};

// Before main(), so that no fork() of another thread comes between a lock and this.
#ifdef _WIN32
const int PostQueues::around_fork = 0;
#else
const int PostQueues::around_fork = pthread_atfork(lock, unlock, unlock);
#endif

PostQueue::PostQueue(const PollRegistrator& registrator, std::size_t limit) : registrator_(registrator), limit_(limit) {
    {
        // Where a mutex takes memory when it is locked first, as on some systems, it is here that it may fail.
        const std::lock_guard lock(mutex_);
    }
    PostQueues::insert(*this);
}

PostQueue::~PostQueue() { PostQueues::erase(*this); }

std::error_code PostQueue::post(Callback<void()>&& function) {
    if (!function) throw std::invalid_argument("pollux: expected a function to post, was given an empty one");
    std::uint64_t batch = 0;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return make_error_code(std::errc::operation_canceled);
        if (functions_.size() >= limit_) return make_error_code(std::errc::resource_unavailable_try_again);
        functions_.push_back(std::move(function));
        any_.store(true, std::memory_order_release);
        batch = batch_;
        if (is_own_thread() || woken_for_.load(std::memory_order_relaxed) == batch) return {};
    }
    const auto error = wake();
    // An older batch may overwrite a younger one, which then has a wake too many.
    if (!error) woken_for_.store(batch, std::memory_order_relaxed);
    return error;
}

void PostQueue::take(Functions& into) noexcept {
    const std::lock_guard lock(mutex_);
    functions_.swap(into);
    any_.store(false, std::memory_order_relaxed);
    ++batch_;
}

void PostQueue::trim() noexcept {
    const std::lock_guard lock(mutex_);
    if (functions_.empty() && functions_.capacity() > loop::always_kept) Functions().swap(functions_);
}

void PostQueue::hold() noexcept {
    const std::lock_guard lock(mutex_);
    ++holds_;
}

std::error_code PostQueue::release() noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (--holds_ > 0 || closed_ || is_own_thread()) return {};
    }
    // The Loop may have nothing to wait for any more.
    const auto error = wake();
    if (!error || error == std::errc::operation_canceled) return {};
    hold();
    return error;
}

void PostQueue::drop_hold() noexcept {
    const std::lock_guard lock(mutex_);
    --holds_;
}

std::size_t PostQueue::size() const {
    const std::lock_guard lock(mutex_);
    return functions_.size();
}

bool PostQueue::is_idle() const {
    const std::lock_guard lock(mutex_);
    return holds_ == 0 && functions_.empty();
}

void PostQueue::close() noexcept {
    Functions dropped; // destroyed without the lock: what they own may lead here again
    const std::lock_guard lock(mutex_);
    closed_ = true;
    functions_.swap(dropped);
}

std::error_code Poster::post(Callback<void()>&& function) const { return posts_->post(std::move(function)); }

std::error_code Poster::wake() const noexcept { return posts_->wake(); }

Hold Poster::hold() const noexcept { return Hold(posts_); }

Hold::Hold(std::shared_ptr<PostQueue> posts) noexcept : posts_(std::move(posts)) { posts_->hold(); }

Hold::~Hold() {
    // No caller is left who could repeat it.
    for (int tries = 0; tries < 3; ++tries) {
        if (!release()) return;
    }
    posts_->drop_hold();
}

std::error_code Hold::release() noexcept {
    if (!posts_) return {};
    if (const auto error = posts_->release()) return error;
    posts_.reset();
    return {};
}

} // namespace pollux
