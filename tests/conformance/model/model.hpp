// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "kinds.hpp"

#include <pollux/capabilities.hpp>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace pollux::conformance::model {

/// A Model computes from the contract what one Selector must report, what it may report, and what it must not.
///
/// Each function takes a call and its result, and returns the difference from the contract, which is empty if there is
/// none. The rules of docs/contract.md that it checks are named in brackets.
class Model {
  public:
    explicit Model(const Capabilities& capabilities) : capabilities_(capabilities) {}

    std::string added(std::size_t source, const World& world, const Watch& watch, std::error_code result);
    std::string modified(std::size_t source, const World& world, const Watch& watch, std::error_code result);
    std::string removed(std::size_t source, std::error_code result);
    std::string woken(std::size_t times, std::error_code result);
    /// `attempt`: counts repeated select() calls for events for which the buffer of the first one had space. `room`:
    /// the size of the buffer.
    std::string selected(std::size_t attempt, std::size_t room, std::span<const Event> events, std::error_code result,
                         const World& world);

    /// Whether the next select() has to report a watch of this source.
    bool is_due(std::size_t source, const World& world) const {
        return watches(source) && any(due(*watched_[source], world.facts(source)));
    }

    /// The events for which the buffer had space and that no attempt has reported: they may be late, and must not be
    /// lost.
    std::string missing() const;

    /// Called after an operation on a source; `before`: its facts before that.
    void changed(const Operation& operation, const Facts& before, const World& world);

    /// Between these two calls select() runs beside an operation of another thread, in either order. After the
    /// operation one of the functions above is called for it, then end_race().
    void begin_race(const Operation& operation, const World& world);
    std::string end_race(const Operation& operation, const Facts& before, const World& world);

    bool watches(std::size_t source) const { return watched_[source].has_value(); }
    /// Whether the system may still watch the source in the slot under its descriptor, because of an error of the
    /// caller.
    bool may_still_watch(std::size_t source, std::size_t slot) const;
    /// Whether a backend may keep the source in the slot open, as it was closed while it was watched
    /// [close.while_registered].
    bool may_hold(std::size_t slot) const;

  private:
    /// A Watched is a watch, and what the model knows of its source.
    struct Watched {
        Watch watch;
        bool is_spent = false;           // one-shot: was reported once
        bool has_changed = true;         // edge: something has changed since it was reported
        bool was_cut = false;            // edge: a full buffer may have kept back an event
        Ready unreported = Ready::none;  // of the last arrival
        Ready newly_ready = Ready::none; // edge: the part of it that has to be reported
        bool is_closed_watched = false;  // was closed without remove()
        std::size_t slot = 0;            // of the closed source
        bool is_duplicated = false;      // and a duplicate of it is open
        Ready missing = Ready::none;     // of the last select()
        int hint_reports = 0;            // reports of hints alone
        // Entries of the buffer that other sources have had since readable and writable are due.
        std::array<std::size_t, 2> passed_over{};
    };

    /// A LeftoverWatch is of a source that was closed while registered and with an open duplicate, and removed later:
    /// an error of the caller, after which the system may report it until the duplicate is closed.
    struct LeftoverWatch {
        Token token;
        std::size_t source, slot;
    };

    using Reports = std::array<Ready, source_count>;

    void arm(std::size_t source, const Facts& facts, const Watch& watch);
    void closed(std::size_t source, const World& world);
    Ready due(const Watched& watched, const Facts& facts) const;
    bool is_leftover(Token token) const;
    std::string reported(const Event& event, bool may_be_cut, const World& world, Reports& reports);
    std::string reported(Watched& watched, const Event& event, bool may_be_cut, const Facts& facts);
    std::string reported_wake(const Event& event);
    void forget_turns();

    Capabilities capabilities_;
    std::array<std::optional<Watched>, source_count> watched_;
    std::vector<LeftoverWatch> leftover_;
    std::array<bool, source_count> is_raced_{}; // another thread acts on it now
    std::vector<Event> raced_;                  // events of such sources
    std::array<std::optional<Watched>, source_count> before_race_;
    bool woke_in_race_ = false;
    std::size_t wakes_ = 0; // that may be reported
    bool wake_is_due_ = false, wake_is_missing_ = false;
    std::size_t wake_passed_over_ = 0;
};

} // namespace pollux::conformance::model
