// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "kinds.hpp"
#include "sources.hpp"

#include <array>
#include <chrono>
#include <string>

namespace pollux::conformance::model {

/// A Scene has the sources of one backend. Each keeps its descriptor number when it is closed and opened again.
class Scene {
  public:
    /// `first`: the descriptor of the first source, above all that is open. `index`: of the scene in its process.
    /// Sources that `sequence` does not mention are not opened. Without support for pipes they are sockets.
    Scene(Source first, int index, bool with_pipes, const Sequence& sequence);
    ~Scene();
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;

    Source descriptor(std::size_t source) const { return first_ + static_cast<Source>(source); }
    const World& world() const { return world_; }

    /// Acts on a source, and compares the result with the facts: a backend might read data of its sources. Returns the
    /// difference, empty if there is none. apply() must follow, which changes world().
    std::string act(const Operation& operation);
    void apply(const Operation& operation);

    /// Called after remove() and close(): far has to see within the limit that near is closed.
    std::string expect_gone(std::size_t slot, std::chrono::nanoseconds limit);

  private:
    void open(std::size_t source);
    std::string read(const Operation& operation);
    std::string send(std::size_t source);
    std::string fill(std::size_t source);
    std::string drain(std::size_t source);
    std::string hang_up(std::size_t source, bool as_reset);
    bool is_gone(std::size_t slot);

    Source first_;
    int index_;
    World world_;
    std::array<bool, source_count> is_used_{};
    std::array<TestSource, source_count> made_;          // by slot; near is under its own descriptor
    std::array<std::size_t, source_count> near_wrote_{}; // by slot: bytes or datagrams
};

} // namespace pollux::conformance::model
