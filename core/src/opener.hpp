// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "candidates.hpp"

#include <pollux/open.hpp>

#include <memory>
#include <string>
#include <vector>

namespace pollux {

/// An Opener opens the stacks of a request, one after the other, and reports each attempt.
class Opener {
  public:
    /// The arguments have to live as long as the Opener.
    Opener(const Candidates& candidates, const Needs& needs, Choice& choice)
        : candidates_(&candidates), needs_(&needs), choice_(&choice) {}

    /// Loads layers and sets their options, and appends them to `found`, outermost first. Returns false if one of them
    /// cannot be had.
    bool find_layers(const std::vector<PluginReference>& layers, std::vector<FoundPlugin>& found);

    /// Opens a backend with options, and layers around it. Returns null if that fails.
    std::unique_ptr<Selector> open(FoundPlugin backend, const std::vector<GivenOption>& options,
                                   std::vector<FoundPlugin> layers);

  private:
    std::unique_ptr<Selector> fail(const FoundPlugin& plugin);

    const Candidates* candidates_;
    const Needs* needs_;
    Choice* choice_;
};

} // namespace pollux
