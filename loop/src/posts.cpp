// SPDX-License-Identifier: BSL-1.0
#include "posts.hpp"

#include <pollux/poster.hpp>

#include <stdexcept>

namespace pollux {

std::error_code PostQueue::post(Callback<void()> function) {
    if (!function) throw std::invalid_argument("pollux: expected a function to post, was given an empty one");
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return make_error_code(std::errc::operation_canceled);
        functions_.push_back(std::move(function));
        any_.store(true, std::memory_order_release);
        if (woken_ || is_own_thread()) return {};
        woken_ = true;
    }
    const auto error = wake();
    if (error) {
        const std::lock_guard lock(mutex_);
        woken_ = false;
    }
    return error;
}

void PostQueue::take(Functions& into) noexcept {
    const std::lock_guard lock(mutex_);
    functions_.swap(into);
    any_.store(false, std::memory_order_relaxed);
    woken_ = false;
}

void PostQueue::hold() noexcept {
    const std::lock_guard lock(mutex_);
    ++holds_;
}

void PostQueue::release() noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (--holds_ > 0 || closed_ || is_own_thread()) return;
    }
    wake(); // the Loop may have nothing to wait for any more
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

std::error_code Poster::post(Callback<void()> function) const { return posts_->post(std::move(function)); }

std::error_code Poster::wake() const noexcept { return posts_->wake(); }

Hold Poster::hold() const noexcept { return Hold(posts_); }

Hold::Hold(std::shared_ptr<PostQueue> posts) noexcept : posts_(std::move(posts)) { posts_->hold(); }

void Hold::release() noexcept {
    if (const auto posts = std::exchange(posts_, nullptr)) posts->release();
}

} // namespace pollux
