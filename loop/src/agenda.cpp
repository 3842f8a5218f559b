// SPDX-License-Identifier: BSL-1.0
#include "agenda.hpp"

namespace pollux::loop {

void Slot::end() noexcept {
    demand_thread("the end of a handle");
    set_pending(false);
    background_ = false;
    let_go();
    if (agenda_.in_turn) {
        agenda_.closing.push_back(*this);
    } else {
        ++agenda_.closed;
        close();
    }
}

void Slot::set_background(bool background) noexcept {
    demand_thread("Handle::in_background()");
    const bool pending = pending_;
    set_pending(false);
    background_ = background;
    set_pending(pending);
}

} // namespace pollux::loop
