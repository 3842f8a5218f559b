// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "kinds.hpp"

#include <pollux/capabilities.hpp>
#include <pollux/registrator.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace pollux::conformance::model {

/// BusyThreads are threads that change watches and sources of their own, until they are destroyed. Their tokens are
/// foreign ones (trial.hpp).
///
/// Lifetime: the Registrator outlives it.
class BusyThreads {
  public:
    /// Each thread has one of these sources, and none of the kinds signalfd and pidfd, which a process shares.
    BusyThreads(Registrator& registrator, const Capabilities& capabilities, const std::vector<std::size_t>& sources);
    ~BusyThreads();
    BusyThreads(const BusyThreads&) = delete;
    BusyThreads& operator=(const BusyThreads&) = delete;

  private:
    void run(std::size_t source, int index);

    Registrator& registrator_;
    const Capabilities capabilities_;
    std::atomic<bool> stops_ = false;
    std::vector<std::thread> threads_;
};

} // namespace pollux::conformance::model
