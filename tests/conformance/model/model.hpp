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

/// The contract of one Selector in small: what it must report, what it may report, and what it must not.
///
/// Each function takes a call and its answer, and returns what is wrong with it; empty if nothing is. The rules
/// of docs/contract.md that it stands for are named in brackets.
class Model {
  public:
    explicit Model(const Capabilities& capabilities) : capabilities_(capabilities) {}

    std::string added(std::size_t source, const World& world, const Watch& watch, std::error_code answer);
    std::string modified(std::size_t source, const World& world, const Watch& watch, std::error_code answer);
    std::string removed(std::size_t source, std::error_code answer);
    std::string woken(std::size_t times, std::error_code answer);
    /// `attempt`: which one, when the same select() is called again to see what the first one had room for and missed.
    std::string selected(std::size_t attempt, std::size_t room, std::span<const Event> events, std::error_code answer,
                         const World& world);

    /// What there was room for, and no attempt has reported: may be late, must not be lost.
    std::string missing() const;

    /// The operation was carried out on a source; `before`: its facts before that.
    void changed(const Operation& operation, const Facts& before, const World& world);

    /// Between these two select() runs beside the operation of another thread: either may come first. After the
    /// operation its own function of the above is called, then end_race().
    void begin_race(const Operation& operation, const World& world);
    std::string end_race(const Operation& operation, const Facts& before, const World& world);

    bool watches(std::size_t source) const { return watched_[source].has_value(); }
    /// Whether the system may still watch what is in the slot under the source's descriptor, by the caller's error.
    bool haunts(std::size_t source, std::size_t slot) const;
    /// Whether a backend may keep the source in the slot open, as it was closed while it was watched [close.forgotten].
    bool may_hold(std::size_t slot) const;

  private:
    struct Watched {
        Watch watch;
        bool is_spent = false;          // one-shot: was reported
        bool has_news = true;           // edge: something happened since it was reported
        bool was_cut = false;           // edge: by a full buffer, which may have kept back what is
        Ready unreported = Ready::none; // of the last arrival
        Ready news = Ready::none;       // edge: what of it has to be reported
        bool is_forgotten = false;      // was closed without remove()
        std::size_t slot = 0;           // of what was closed
        bool is_duplicated = false;     // and a duplicate of it lives
        Ready missing = Ready::none;    // of the last select()
        int unasked = 0;                // reports of hints alone
        // Places that others were given since readable and writable are due.
        std::array<std::size_t, 2> passed_over{};
    };

    /// What was closed while it was watched and while a duplicate lives, and was removed since: a caller's error, and
    /// the system may report it until the duplicate is closed.
    struct Ghost {
        Token token;
        std::size_t source, slot;
    };

    using Reports = std::array<Ready, source_count>;

    void arm(std::size_t source, const Facts& facts, const Watch& watch);
    void closed(std::size_t source, const World& world);
    Ready due(const Watched& watched, const Facts& facts) const;
    bool is_ghost(Token token) const;
    std::string reported(const Event& event, bool may_be_cut, const World& world, Reports& reports);
    std::string reported(Watched& watched, const Event& event, bool may_be_cut, const Facts& facts);
    std::string reported_wake(const Event& event);
    void forget_turns();

    Capabilities capabilities_;
    std::array<std::optional<Watched>, source_count> watched_;
    std::vector<Ghost> ghosts_;
    std::array<bool, source_count> is_raced_{}; // another thread acts on it now
    std::vector<Event> raced_;                  // events of such sources
    std::array<std::optional<Watched>, source_count> before_race_;
    bool woke_in_race_ = false;
    std::size_t wakes_ = 0; // that may be reported
    bool wake_is_due_ = false, wake_is_missing_ = false;
    std::size_t wake_passed_over_ = 0;
};

} // namespace pollux::conformance::model
