// SPDX-License-Identifier: BSL-1.0
#include "slots.hpp"

namespace pollux::loop {

void Slot::begin_close() noexcept {
    require_thread("Handle::close()");
    set_pending(false);
    background_ = false;
    unregister();
    if (lists_.in_turn) {
        lists_.closing.push_back(*this);
    } else {
        ++lists_.closed;
        close();
    }
}

void Slot::set_background(bool background) noexcept {
    require_thread("Handle::in_background()");
    const bool pending = pending_;
    set_pending(false);
    background_ = background;
    set_pending(pending);
}

} // namespace pollux::loop
