// SPDX-License-Identifier: BSL-1.0
#include "facts.hpp"

namespace pollux::conformance::model {
namespace {

// So few that there is room for as many in any system.
constexpr std::size_t most_bytes = 32;

} // namespace

Ready Facts::promises() const {
    if (nature == Nature::directory) return Ready::readable | Ready::writable;
    Ready ready = Ready::none;
    if (reads() && (to_read > 0 || has_ended)) ready |= Ready::readable;
    if (writes() && (!is_full || !has_far)) ready |= Ready::writable;
    return ready;
}

Ready Facts::hints() const {
    if (!has_ended) return Ready::none;
    Ready ready = Ready::readable | Ready::closed;
    if (has_hung_up()) ready |= Ready::writable;
    if (has_error) ready |= Ready::failed;
    return ready;
}

bool Facts::allow(const Operation& operation) const {
    switch (operation.action) {
    case Action::write:
        return is_open && reads() && !has_ended && operation.amount > 0 && to_read + operation.amount <= most_bytes;
    case Action::read:
        return is_open && reads() && operation.amount > 0;
    case Action::send:
        return is_open && writes() && (is_full || unread < most_bytes);
    case Action::fill:
    case Action::drain:
        return is_open && writes() && has_far;
    case Action::shut_down:
        return is_open && nature == Nature::local && !has_ended;
    case Action::hang_up:
        return is_open && has_far;
    case Action::close:
        return is_open;
    case Action::reopen:
        return !is_open;
    default:
        return true;
    }
}

} // namespace pollux::conformance::model
