// SPDX-License-Identifier: BSL-1.0
#include "watches.hpp"

#include <algorithm>
#include <utility>

#include <sys/stat.h>

namespace pollux::poll_fallback {
namespace {

int masked(int descriptor) noexcept { return descriptor < 0 ? descriptor : ~descriptor; }

pollfd polled_for(Source source, const Watch& watch) noexcept {
    short events = 0;
    if (any(watch.interest & Ready::readable)) events |= POLLIN;
    if (any(watch.interest & Ready::writable)) events |= POLLOUT;
    if (any(watch.interest & Ready::priority)) events |= POLLPRI;
    return {events == 0 ? masked(source) : source, events, 0};
}

Ready ready_of(short events) noexcept {
    Ready ready = Ready::none;
    if (events & (POLLIN | POLLHUP | POLLERR)) ready |= Ready::readable;
    if (events & (POLLOUT | POLLHUP | POLLERR)) ready |= Ready::writable;
    if (events & POLLPRI) ready |= Ready::priority;
    if (events & POLLHUP) ready |= Ready::closed;
    if (events & POLLERR) ready |= Ready::failed;
    return ready;
}

/// Returns whether the source may report POLLPRI once only.
bool reports_once(Source source, const Watch& watch) noexcept {
    struct stat status {};
    return any(watch.interest & Ready::priority) && fstat(source, &status) == 0 && !S_ISSOCK(status.st_mode);
}

} // namespace

std::error_code Watches::add(Source source, const Watch& watch) {
    if (index_of(source) != no_index) return make_error_code(std::errc::file_exists);
    // All calls that can throw come first, so that a failure changes nothing.
    if (polled_.size() == polled_.capacity()) polled_.reserve(std::max<std::size_t>(16, 2 * polled_.size()));
    if (kept_.size() == kept_.capacity()) kept_.reserve(std::max<std::size_t>(16, 2 * kept_.size()));
    const auto descriptor = static_cast<std::size_t>(source);
    if (descriptor >= index_.size()) index_.resize(std::max(descriptor + 1, 2 * index_.size()), no_index);
    index_[descriptor] = static_cast<std::uint32_t>(polled_.size());
    polled_.push_back(polled_for(source, watch));
    kept_.push_back({watch.token, ++added_, watch.mode == Mode::oneshot, reports_once(source, watch)});
    reporting_once_ += kept_.back().reports_once;
    return {};
}

std::error_code Watches::modify(Source source, const Watch& watch) {
    const auto index = index_of(source);
    if (index == no_index) return make_error_code(std::errc::no_such_file_or_directory);
    polled_[index] = polled_for(source, watch);
    auto& kept = kept_[index];
    kept.token = watch.token;
    kept.oneshot = watch.mode == Mode::oneshot;
    if (!kept.reports_once && reports_once(source, watch)) {
        kept.reports_once = true;
        ++reporting_once_;
    }
    return {};
}

std::error_code Watches::remove(Source source) noexcept {
    const auto index = index_of(source);
    if (index == no_index) return make_error_code(std::errc::no_such_file_or_directory);
    reporting_once_ -= kept_[index].reports_once;
    const int last = polled_.back().fd;
    index_[static_cast<std::size_t>(last < 0 ? ~last : last)] = index;
    index_[static_cast<std::size_t>(source)] = no_index;
    polled_[index] = polled_.back();
    kept_[index] = kept_.back();
    polled_.pop_back();
    kept_.pop_back();
    return {};
}

void Watches::keep_owed(std::span<const pollfd> reported, std::uint64_t added) noexcept {
    if (reporting_once_ == 0) return;
    for (const auto& [source, requested, events] : reported) {
        if (!(events & POLLPRI)) continue;
        const auto index = index_of(source);
        if (index == no_index || !kept_[index].reports_once || kept_[index].sequence > added) continue;
        kept_[index].owed = static_cast<short>(events & (POLLPRI | POLLERR));
    }
}

int Watches::add_owed() noexcept {
    if (reporting_once_ == 0) return 0;
    int more = 0;
    for (std::size_t index = 0; index < kept_.size(); ++index) {
        auto& polled = polled_[index];
        // A watch that is masked by now, or whose interest has no priority any more, keeps what it is owed.
        if (kept_[index].owed == 0 || polled.fd < 0 || !(polled.events & POLLPRI)) continue;
        more += polled.revents == 0;
        polled.revents = static_cast<short>(polled.revents | std::exchange(kept_[index].owed, short{0}));
    }
    return more;
}

Event Watches::collect(std::size_t index) noexcept {
    auto& polled = polled_[index];
    const short events = std::exchange(polled.revents, short{0});
    // POLLNVAL: closed while registered. Masked from now on; otherwise each poll(2) would report it.
    if (kept_[index].oneshot || (events & POLLNVAL)) polled.fd = masked(polled.fd);
    return {kept_[index].token, ready_of(events)};
}

std::uint32_t Watches::index_of(Source source) const noexcept {
    const auto descriptor = static_cast<std::size_t>(source); // a negative one is larger than any table
    return descriptor < index_.size() ? index_[descriptor] : no_index;
}

} // namespace pollux::poll_fallback
