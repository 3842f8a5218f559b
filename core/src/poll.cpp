// SPDX-License-Identifier: BSL-1.0
#include <pollux/poll.hpp>

#include "gate.hpp"

#include <pollux/time/deadline.hpp>

#include <system_error>
#include <utility>

namespace pollux {

std::error_code PollRegistrator::add_source(Source source, const Watch& watch) const noexcept {
    return gate_->add(source, watch);
}

std::error_code PollRegistrator::modify_source(Source source, const Watch& watch) const noexcept {
    return gate_->modify(source, watch);
}

std::error_code PollRegistrator::remove_source(Source source) const noexcept { return gate_->remove(source); }

std::error_code PollRegistrator::wake() const noexcept { return gate_->wake(); }

std::error_code PollRegistrator::close() const noexcept { return gate_->close(); }

Poll::Poll(const Request& request, ReopenAdds adds)
    : selector_(pollux::open(request, choice_)), registrator_(selector_ ? gate_to(*selector_, adds) : nullptr) {
    if (!selector_) throw OpenError(choice_.text());
    clock_ = time::Clock(extension<time::ClockSource>());
}

Poll::Poll(std::unique_ptr<Selector> selector, ReopenAdds adds)
    : selector_(std::move(selector)), registrator_(selector_ ? gate_to(*selector_, adds) : nullptr) {
    if (!selector_) throw std::invalid_argument("pollux::Poll: expected a Selector, was given null");
    clock_ = time::Clock(extension<time::ClockSource>());
}

Poll::Poll(std::unique_ptr<Selector> selector, Choice&& choice, ReopenAdds adds)
    : choice_(std::move(choice)), selector_(std::move(selector)), registrator_(gate_to(*selector_, adds)) {
    clock_ = time::Clock(extension<time::ClockSource>());
}

std::optional<Poll> Poll::open(const Request& request, Choice& choice, std::error_code& error, ReopenAdds adds) noexcept
    try {
    error.clear();
    if (auto selector = pollux::open(request, choice)) return Poll(std::move(selector), Choice(choice), adds);
    error = make_error_code(std::errc::no_such_device);
    return std::nullopt;
} catch (const std::system_error& failure) {
    error = failure.code();
    return std::nullopt;
} catch (...) { // bad_alloc, or length_error of a container
    error = make_error_code(std::errc::not_enough_memory);
    return std::nullopt;
}

std::shared_ptr<PollRegistrator::Gate> Poll::gate_to(Selector& selector, ReopenAdds adds) {
    return std::make_shared<PollRegistrator::Gate>(selector.registrator(), adds == ReopenAdds::all_watches);
}

Poll::~Poll() {
    if (!selector_) return;
    const PollRegistrator::Gate::SoleCall call(*registrator_.gate_, "~Poll()");
    registrator_.gate_->close_for_good();
}

Poll::Poll(Poll&&) noexcept = default;

Poll& Poll::operator=(Poll&& other) noexcept {
    Poll taken(std::move(other)); // its destructor closes the old Selector here, not some time later in `other`
    std::swap(choice_, taken.choice_);
    std::swap(selector_, taken.selector_);
    std::swap(registrator_, taken.registrator_);
    std::swap(clock_, taken.clock_);
    return *this;
}

std::error_code Poll::reopen() noexcept {
    registrator_.gate_->note_closed(true);
    OpenFailure failure;
    auto selector = choice_.open(failure);
    if (!selector) return failure.error() ? failure.error() : make_error_code(std::errc::io_error);
    return replace(std::move(selector));
}

std::error_code Poll::reopen(std::unique_ptr<Selector> selector) noexcept {
    if (!selector) return make_error_code(std::errc::invalid_argument);
    registrator_.gate_->note_closed(false);
    return replace(std::move(selector));
}

std::error_code Poll::replace(std::unique_ptr<Selector> selector) noexcept {
    const PollRegistrator::Gate::SoleCall call(*registrator_.gate_, "reopen()");
    if (const auto error = registrator_.gate_->replace(selector->registrator())) return error;
    selector_.swap(selector);
    clock_ = time::Clock(extension<time::ClockSource>());
    return {};
}

/// Calls select() once. Returns false if the Poll was closed, before or meanwhile. The Timeout is passed by reference:
/// GCC 12 would copy it in other parts than those in which it was written, and the processor would wait for these.
#if defined(__GNUC__)
[[gnu::always_inline]] // GCC calls it otherwise, which takes 20 instructions for each event
#endif
inline bool
Poll::select_once(Events& events, const Timeout& timeout) {
    const auto& gate = *registrator_.gate_;
    events.ready_ = {};
    if (gate.is_closed()) return false;
    if (gate.is_foreign()) {
        events.error_ = make_error_code(std::errc::no_such_process);
        return true;
    }
    const auto ready = selector_->select(events.buffer_, timeout, events.error_);
    if (gate.is_closed()) return false;
    events.ready_ = ready;
    return true;
}

std::error_code Poll::poll(Events& events, Timeout timeout) {
    const PollRegistrator::Gate::SoleCall call(*registrator_.gate_, "poll()");
    // Only a positive timeout needs the clock.
    if (timeout && *timeout > timeout->zero()) return poll_until(events, *timeout);
    do {
        if (!select_once(events, timeout)) return make_error_code(std::errc::operation_canceled);
    } while (!timeout && events.empty() && !events.error_);
    return events.error_;
}

std::error_code Poll::poll_until(Events& events, std::chrono::nanoseconds timeout) {
    const time::Deadline deadline(timeout, clock_);
    for (auto left = timeout; left > left.zero(); left = deadline.left()) {
        if (!select_once(events, left)) return make_error_code(std::errc::operation_canceled);
        if (!events.empty() || events.error_) break;
    }
    return events.error_;
}

} // namespace pollux
