// SPDX-License-Identifier: BSL-1.0
#include "isolation.hpp"

#include <utility>

namespace pollux::conformance {

// There is no fork(): rules run in this process, where a Watchdog ends one that hangs.
bool Isolation::is_supported() noexcept { return false; }

class Isolation::Child {};

Isolation::Isolation(std::size_t jobs, std::chrono::seconds hang_limit, EndsRun ends_run)
    : jobs_(jobs), hang_limit_(hang_limit), ends_run_(std::move(ends_run)) {}
Isolation::~Isolation() = default;
void Isolation::begin_run() { has_ended_run_ = false; }
void Isolation::run_ahead(std::string, std::chrono::milliseconds, std::function<void()>) {}
void Isolation::start_some() {}
std::optional<Findings> Isolation::findings_of(const std::string&) { return Findings(); }

} // namespace pollux::conformance
