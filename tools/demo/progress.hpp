// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

/// A Progress prints the progress on the standard error stream: on a terminal that is not dumb as one line that is
/// rewritten, otherwise as a line each time.
class Progress {
  public:
    Progress();
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(const std::string& line);

    /// Clears the line.
    void clear() noexcept;

  private:
    bool is_terminal_;
    bool is_shown_ = false;
};

} // namespace pollux::tools
