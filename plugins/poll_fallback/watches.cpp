// SPDX-License-Identifier: BSL-1.0
#include "watches.hpp"

#include <algorithm>
#include <utility>

namespace pollux::poll_fallback {
namespace {

int silenced(int descriptor) noexcept { return descriptor < 0 ? descriptor : ~descriptor; }

pollfd polled_for(Source source, const Watch& watch) noexcept {
    short events = 0;
    if (any(watch.interest & Ready::readable)) events |= POLLIN;
    if (any(watch.interest & Ready::writable)) events |= POLLOUT;
    if (any(watch.interest & Ready::priority)) events |= POLLPRI;
    return {events == 0 ? silenced(source) : source, events, 0};
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

} // namespace

std::error_code Watches::add(Source source, const Watch& watch) {
    if (place_of(source) != nowhere) return make_error_code(std::errc::file_exists);
    // All that can throw comes first, so that a failure changes nothing.
    if (polled_.size() == polled_.capacity()) polled_.reserve(std::max<std::size_t>(16, 2 * polled_.size()));
    if (kept_.size() == kept_.capacity()) kept_.reserve(std::max<std::size_t>(16, 2 * kept_.size()));
    const auto number = static_cast<std::size_t>(source);
    if (number >= place_.size()) place_.resize(std::max(number + 1, 2 * place_.size()), nowhere);
    place_[number] = static_cast<std::uint32_t>(polled_.size());
    polled_.push_back(polled_for(source, watch));
    kept_.push_back({watch.token, watch.mode == Mode::oneshot});
    return {};
}

std::error_code Watches::modify(Source source, const Watch& watch) {
    const auto place = place_of(source);
    if (place == nowhere) return make_error_code(std::errc::no_such_file_or_directory);
    polled_[place] = polled_for(source, watch);
    kept_[place] = {watch.token, watch.mode == Mode::oneshot};
    return {};
}

std::error_code Watches::remove(Source source) noexcept {
    const auto place = place_of(source);
    if (place == nowhere) return make_error_code(std::errc::no_such_file_or_directory);
    const int last = polled_.back().fd;
    place_[static_cast<std::size_t>(last < 0 ? ~last : last)] = place;
    place_[static_cast<std::size_t>(source)] = nowhere;
    polled_[place] = polled_.back();
    kept_[place] = kept_.back();
    polled_.pop_back();
    kept_.pop_back();
    return {};
}

Event Watches::collect(std::size_t index) noexcept {
    auto& polled = polled_[index];
    const short events = std::exchange(polled.revents, 0);
    // POLLNVAL: closed without remove(). Silent from now on, or it would be reported for ever.
    if (kept_[index].oneshot || (events & POLLNVAL)) polled.fd = silenced(polled.fd);
    return {kept_[index].token, ready_of(events)};
}

std::uint32_t Watches::place_of(Source source) const noexcept {
    const auto number = static_cast<std::size_t>(source); // a negative one is larger than any table
    return number < place_.size() ? place_[number] : nowhere;
}

} // namespace pollux::poll_fallback
