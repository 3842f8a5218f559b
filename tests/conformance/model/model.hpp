// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "facts.hpp"

#include <pollux/capabilities.hpp>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <system_error>

namespace pollux::conformance::model {

using AllFacts = std::array<Facts, source_count>;

/// The contract of one Selector in small: what it must say, what it may say, and what it must not.
///
/// Each function is told of a call and of its answer, and returns what is wrong with it; empty if nothing is. The rules
/// of docs/contract.md that it stands for are named in brackets.
class Model {
  public:
    explicit Model(const Capabilities& capabilities) : capabilities_(capabilities) {}

    std::string added(std::size_t source, const Facts& facts, const Watch& watch, std::error_code answer);
    std::string modified(std::size_t source, const Facts& facts, const Watch& watch, std::error_code answer);
    std::string removed(std::size_t source, std::error_code answer);
    std::string woken(std::size_t times, std::error_code answer);
    /// `look`: which one, when the same select() is called again to see what the first look had room for and missed.
    std::string selected(std::size_t look, std::size_t room, std::span<const Event> events, std::error_code answer,
                         const AllFacts& facts);

    /// What there was room for, and no look has seen: may be late, must not be lost.
    std::string missing() const;

    /// The operation was carried out on a source.
    void changed(const Operation& operation, const Facts& before, const Facts& after);
    bool watches(std::size_t source) const { return watched_[source].has_value(); }

  private:
    struct Watched {
        Watch watch;
        bool is_spent = false;       // one-shot: was reported
        bool has_news = true;        // edge: something happened since it was reported
        bool was_cut = false;        // edge: by a full buffer, which may have kept back what is
        Ready untold = Ready::none;  // of the last arrival
        Ready news = Ready::none;    // edge: what of it has to be reported
        bool is_forgotten = false;   // was closed without remove()
        Ready missing = Ready::none; // of the last select()
        int unasked = 0;             // reports of hints alone
        // Places that others were given since readable and writable are due.
        std::array<std::size_t, 2> passed_over{};
    };

    void arm(std::size_t source, const Facts& facts, const Watch& watch);
    Ready due(const Watched& watched, const Facts& facts) const;
    std::string reported(const Event& event, bool is_full, const AllFacts& facts,
                         std::array<Ready, source_count>& told);
    std::string reported(Watched& watched, const Event& event, bool is_full, const Facts& facts);
    std::string reported_wake(const Event& event);
    void forget_turns();

    Capabilities capabilities_;
    std::array<std::optional<Watched>, source_count> watched_;
    std::size_t wakes_ = 0; // that may be reported
    bool wake_is_due_ = false, wake_is_missing_ = false;
    std::size_t wake_passed_over_ = 0;
};

} // namespace pollux::conformance::model
