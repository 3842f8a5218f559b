// SPDX-License-Identifier: BSL-1.0
#include "notices.hpp"

#include <utility>

namespace pollux::loop {

void NoticeSlot::close() noexcept {
    callback_.clear();
    notices_.slots_.give_back(*this);
}

void NoticeSlot::let_go() noexcept {
    unlink();
    if (signal_ != 0) notices_.signals_->remove(signal_);
}

NoticeSlot& Notices::add(int signal, Callback<void()> callback) {
    auto& slot = slots_.take(agenda_, *this);
    slot.callback_ = std::move(callback);
    slot.signal_ = signal;
    slot.set_pending(true);
    return slot;
}

NoticeSlot* Notices::add_signal(int signal, Callback<void()> callback, std::error_code& error) {
    error = signals_->add(signal);
    if (error) return nullptr;
    try {
        return &add(signal, std::move(callback));
    } catch (...) {
        signals_->remove(signal);
        throw;
    }
}

void Notices::tell(int signal) noexcept {
    for (std::uint32_t number = 0; number < slots_.size(); ++number) {
        auto& slot = slots_[number];
        if (slot.is_pending() && slot.signal_ == signal && !slot.is_linked()) agenda_.ready.push_back(slot);
    }
}

void Notices::tell_of_signals() noexcept {
    if (!signals_) return;
    signals_->collect([this](int signal) { tell(signal); });
}

std::error_code Notices::take_failure() noexcept {
    const auto error = signals_ ? signals_->take_failure() : std::error_code();
    if (error) tell_of_signals();
    return error;
}

Signals& Notices::signals(const PollRegistrator& registrator) {
    if (!signals_) signals_ = std::make_unique<Signals>(registrator);
    return *signals_;
}

} // namespace pollux::loop
