// SPDX-License-Identifier: BSL-1.0
#include "agenda.hpp"

namespace pollux::loop {

void Slot::end() noexcept {
    count(false, false);
    unlink();
    let_go();
    if (agenda_.in_turn) {
        agenda_.closing.push_back(*this);
    } else {
        ++agenda_.closed;
        close();
    }
}

void Slot::set_background(bool background) noexcept { count(pending_, background); }

void Slot::set_pending(bool pending) noexcept { count(pending, background_); }

void Slot::count(bool pending, bool background) noexcept {
    if (pending != pending_) {
        auto& count = agenda_.pending[static_cast<std::size_t>(kind_)];
        pending ? ++count : --count;
    }
    const bool kept = pending_ && !background_, keeps = pending && !background;
    if (keeps && !kept) ++agenda_.keeping;
    if (kept && !keeps) --agenda_.keeping;
    pending_ = pending;
    background_ = background;
}

} // namespace pollux::loop
