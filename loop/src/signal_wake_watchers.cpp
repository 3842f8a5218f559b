// SPDX-License-Identifier: BSL-1.0
#include "signal_wake_watchers.hpp"

#include <utility>

namespace pollux::loop {

void SignalWakeSlot::close() noexcept {
    callback_.clear();
    watchers_.slots_.free(*this);
}

void SignalWakeSlot::unregister() noexcept {
    unlink();
    if (signal_ != 0) watchers_.signals_->remove(signal_);
}

SignalWakeSlot& SignalWakeWatchers::add(int signal, Callback<void()> callback) {
    auto& slot = slots_.allocate(lists_, *this);
    slot.callback_ = std::move(callback);
    slot.signal_ = signal;
    slot.set_pending(true);
    return slot;
}

SignalWakeSlot* SignalWakeWatchers::add_signal(int signal, Callback<void()> callback, std::error_code& error) {
    error = signals_->add(signal);
    if (error) return nullptr;
    try {
        return &add(signal, std::move(callback));
    } catch (...) {
        signals_->remove(signal);
        throw;
    }
}

void SignalWakeWatchers::make_ready(int signal) noexcept {
    for (std::uint32_t index = 0; index < slots_.size(); ++index) {
        auto& slot = slots_[index];
        if (slot.is_pending() && slot.signal_ == signal && !slot.is_linked()) lists_.ready.push_back(slot);
    }
}

void SignalWakeWatchers::make_ready_for_signals() noexcept {
    if (!signals_) return;
    signals_->collect([this](int signal) { make_ready(signal); });
}

std::error_code SignalWakeWatchers::take_failure() noexcept {
    const auto error = signals_ ? signals_->take_failure() : std::error_code();
    if (error) make_ready_for_signals();
    return error;
}

Signals& SignalWakeWatchers::signals(const PollRegistrator& registrator) {
    if (!signals_) signals_ = std::make_unique<Signals>(registrator);
    return *signals_;
}

} // namespace pollux::loop
