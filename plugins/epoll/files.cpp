// SPDX-License-Identifier: BSL-1.0
#include "files.hpp"

#include <pollux/posix.hpp>

#include <new>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pollux::epoll {
namespace {

using posix::check;

std::error_code unknown() noexcept { return make_error_code(std::errc::no_such_file_or_directory); }

bool asks(const Watch& watch) noexcept {
    return any(watch.interest & (Ready::readable | Ready::writable | Ready::priority));
}

} // namespace

Files::~Files() {
    if (ready_ != -1) close(ready_);
}

std::error_code Files::add(int epoll, Source source, const Watch& watch) noexcept try {
    const MutexLock lock(mutex_);
    const auto [entry, is_new] = table_.try_emplace(source);
    if (!is_new) return make_error_code(std::errc::file_exists);
    const auto error = put(epoll, entry->second, watch);
    if (error) table_.erase(entry);
    count_.store(table_.size(), std::memory_order_relaxed);
    return error;
} catch (const std::bad_alloc&) {
    return make_error_code(std::errc::not_enough_memory);
}

std::error_code Files::modify(int epoll, Source source, const Watch& watch) noexcept {
    const MutexLock lock(mutex_);
    const auto entry = table_.find(source);
    return entry == table_.end() ? unknown() : put(epoll, entry->second, watch);
}

std::error_code Files::remove(int epoll, Source source) noexcept {
    const MutexLock lock(mutex_);
    const auto entry = table_.find(source);
    if (entry == table_.end()) return unknown();
    if (entry->second.armed && --armed_ == 0) arm(epoll, false); // if this fails, select() does it
    table_.erase(entry);
    count_.store(table_.size(), std::memory_order_relaxed);
    return {};
}

std::size_t Files::collect(int epoll, std::span<Event> buffer, std::error_code& error) noexcept {
    const MutexLock lock(mutex_);
    std::size_t count = 0;
    auto entry = table_.upper_bound(last_);
    for (auto unseen = table_.size(); unseen > 0 && count < buffer.size(); --unseen, ++entry) {
        if (entry == table_.end()) entry = table_.begin();
        if (!entry->second.armed) continue;
        last_ = entry->first;
        if (collect_one(*entry, buffer[count])) ++count;
    }
    if (armed_ == 0) error = arm(epoll, false);
    return count;
}

/// Calls that can fail come first.
std::error_code Files::put(int epoll, File& file, const Watch& watch) noexcept {
    const bool armed = asks(watch);
    if (armed) {
        if (const auto error = arm(epoll, true)) return error;
    }
    armed_ += armed;
    armed_ -= file.armed;
    file = {watch, armed};
    return {};
}

/// Reports a watch that is armed, if it is ready; a one-shot or edge watch is spent then. Returns whether it was.
bool Files::collect_one(Table::value_type& entry, Event& event) noexcept {
    auto& file = entry.second;
    // poll(2) reports that a file is ready, and whether it was closed, or its descriptor is another source's by now.
    pollfd seen{entry.first, 0, 0};
    const auto asks_for = [&file](Ready ready) { return any(file.watch.interest & ready); };
    if (asks_for(Ready::readable)) seen.events |= POLLIN;
    if (asks_for(Ready::writable)) seen.events |= POLLOUT;
    const bool is_ready = posix::poll_now({&seen, 1}) == 1 && (seen.revents & (POLLIN | POLLOUT)) != 0;
    if (is_ready) {
        event = {file.watch.token, Ready::none};
        if (seen.revents & POLLIN) event.ready |= Ready::readable;
        if (seen.revents & POLLOUT) event.ready |= Ready::writable;
    }
    // A file that is not ready now will not be: it was closed, or its interest is priority, which a file never has.
    file.armed = is_ready && file.watch.mode == Mode::level;
    if (!file.armed) --armed_;
    return is_ready;
}

std::error_code Files::open(int epoll) noexcept {
    const int made = posix::above_standard_streams(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
    if (made == -1) return check(made);
    epoll_event event{0, {.u64 = static_cast<std::uint64_t>(token)}};
    if (const auto error = check(epoll_ctl(epoll, EPOLL_CTL_ADD, made, &event))) {
        close(made);
        return error;
    }
    ready_ = made;
    return {};
}

/// Makes the epoll set watch the eventfd, or not.
std::error_code Files::arm(int epoll, bool on) noexcept {
    if (on == ready_on_) return {};
    if (ready_ == -1) {
        if (const auto error = open(epoll)) return error;
    }
    epoll_event event{on ? EPOLLIN : 0U, {.u64 = static_cast<std::uint64_t>(token)}};
    const auto error = check(epoll_ctl(epoll, EPOLL_CTL_MOD, ready_, &event));
    if (!error) ready_on_ = on;
    return error;
}

} // namespace pollux::epoll
