// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace pollux::conformance {

/// A Circumstance names the case of a rule that runs while it exists, such as "edge, added before". Failures of the
/// same thread state it.
class Circumstance {
  public:
    explicit Circumstance(std::string text) { all().push_back(std::move(text)); }
    ~Circumstance() { all().pop_back(); }
    Circumstance(const Circumstance&) = delete;
    Circumstance& operator=(const Circumstance&) = delete;

    /// All circumstances of this thread, the outermost first.
    static std::string text() {
        std::string text;
        for (const auto& each : all()) text += (text.empty() ? "" : "; ") + each;
        return text;
    }

  private:
    static std::vector<std::string>& all() {
        thread_local std::vector<std::string> all;
        return all;
    }
};

} // namespace pollux::conformance

/// Names the case until the end of the block. Not SCOPED_TRACE(): that adds to the failures of the process that calls
/// it, which is not the one of the rule.
#define POLLUX_CIRCUMSTANCE_OF(line) circumstance_##line
#define POLLUX_CIRCUMSTANCE(line, text) const ::pollux::conformance::Circumstance POLLUX_CIRCUMSTANCE_OF(line)(text)
#define CIRCUMSTANCE(text) POLLUX_CIRCUMSTANCE(__LINE__, text)
