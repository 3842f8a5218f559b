// SPDX-License-Identifier: BSL-1.0
#include "shrink.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace pollux::conformance::model {
namespace {

using Fails = std::function<bool(const Sequence&)>;

/// Replaces the sequence by the candidate if that fails, too.
bool improve(Sequence& best, Sequence attempt, const Fails& fails) {
    if (!fails(attempt)) return false;
    best = std::move(attempt);
    return true;
}

/// Removes pieces: first half of the sequence, finally single operations.
bool leave_out(Sequence& best, const Fails& fails) {
    bool any = false;
    for (std::size_t size = std::max<std::size_t>(best.size() / 2, 1); size > 0; size /= 2) {
        for (std::size_t from = 0; from < best.size();) {
            auto attempt = best;
            const auto first = attempt.begin() + static_cast<std::ptrdiff_t>(from);
            attempt.erase(first, first + static_cast<std::ptrdiff_t>(std::min(size, best.size() - from)));
            if (improve(best, std::move(attempt), fails)) {
                any = true;
            } else {
                from += size;
            }
        }
    }
    return any;
}

/// Sets one member of one operation to the first of the values, ordered by simplicity, with which the sequence fails.
template <class Value>
bool simplify(Sequence& best, std::size_t place, Value Operation::*member, const std::vector<Value>& simplest_first,
              const Fails& fails) {
    for (const Value& value : simplest_first) {
        if (best[place].*member == value) return false;
        auto attempt = best;
        attempt[place].*member = value;
        if (improve(best, std::move(attempt), fails)) return true;
    }
    return false;
}

bool simplify(Sequence& best, std::size_t place, const Fails& fails) {
    const bool is_select = best[place].action == Action::select;
    const std::vector<std::size_t> amounts = is_select ? std::vector<std::size_t>{64, 1} : std::vector<std::size_t>{1};
    bool any = best[place].amount != 0 && best[place].action != Action::dup &&
               simplify(best, place, &Operation::amount, amounts, fails);
    any |= simplify(best, place, &Operation::thread, std::vector{Thread::same, Thread::other}, fails);
    if (!has_watch(best[place].action)) return any;
    any |= simplify(best, place, &Operation::mode, std::vector{Mode::level, Mode::oneshot, Mode::edge}, fails);
    any |=
        simplify(best, place, &Operation::interest,
                 std::vector{Ready::readable, Ready::writable, Ready::readable | Ready::writable, Ready::none}, fails);
    any |= simplify(best, place, &Operation::token, std::vector{TokenKind::own}, fails);
    return any;
}

/// Moves all operations of one source to another one with a lower index.
bool rename(Sequence& best, const Fails& fails) {
    for (std::size_t from = 1; from < source_count; ++from) {
        for (std::size_t to = 0; to < from; ++to) {
            auto attempt = best;
            for (auto& operation : attempt) {
                if (has_source(operation.action) && operation.source == from) operation.source = to;
                if (operation.action == Action::dup && operation.amount == from) operation.amount = to;
            }
            if (attempt != best && improve(best, std::move(attempt), fails)) return true;
        }
    }
    return false;
}

} // namespace

Sequence shrink(Sequence failing, const Fails& fails) {
    for (bool any = true; any;) {
        any = leave_out(failing, fails);
        for (std::size_t place = 0; place < failing.size(); ++place) any |= simplify(failing, place, fails);
        any |= rename(failing, fails);
    }
    return failing;
}

} // namespace pollux::conformance::model
