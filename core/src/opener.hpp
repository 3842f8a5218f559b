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
    /// `outer_layers`: those of POLLUX_LAYERS. All arguments have to live as long as the Opener.
    Opener(const Candidates& candidates, const std::vector<PluginReference>& outer_layers, const Needs& needs,
           Choice& choice)
        : candidates_(&candidates), outer_layers_(&outer_layers), needs_(&needs), choice_(&choice) {}

    /// Opens a backend, the layers of its stack around it, and the outer layers around those. Returns null if that
    /// fails.
    std::unique_ptr<Selector> open(FoundPlugin backend, const StackReference& stack);

  private:
    FoundPlugin find_layer(const PluginReference& reference) const;
    std::unique_ptr<Selector> fail(const FoundPlugin& plugin);
    std::unique_ptr<Selector> open(FoundPlugin backend, std::vector<FoundPlugin> layers);

    const Candidates* candidates_;
    const std::vector<PluginReference>* outer_layers_;
    const Needs* needs_;
    Choice* choice_;
};

} // namespace pollux
