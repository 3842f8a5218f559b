// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../sources.hpp"
#include "facts.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace pollux::conformance::model {

/// The sources of one engine: two local sockets, both ends of a pipe, a directory. Each keeps its number when it is
/// closed and opened again.
class Scene {
  public:
    /// `first`: the number of the first source, above all that is open. Without pipes there are sockets in their place.
    Scene(Source first, bool with_pipes);

    Source number(std::size_t source) const { return numbers_[source]; }
    const Facts& facts(std::size_t source) const { return facts_[source]; }

    /// Acts on a source, and holds the outcome against the facts: an engine might read what is not its own. Returns
    /// what is wrong; empty if nothing is.
    std::string act(const Operation& operation);

    /// After remove() and close(): far has to see within the limit that nobody keeps the source open.
    std::string expect_gone(std::size_t source, std::chrono::nanoseconds limit);

  private:
    void open(std::size_t source);
    void hang_up(std::size_t source);
    std::string read(std::size_t source, std::size_t most);
    std::string send(std::size_t source);
    bool is_gone(std::size_t source);

    std::vector<Source> numbers_;
    std::vector<Facts> facts_;
    std::vector<Pair> pairs_;
};

} // namespace pollux::conformance::model
