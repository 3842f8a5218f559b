// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

/// How far it is, on the standard error stream: one line that is rewritten on a terminal, else a line each time.
class Progress {
  public:
    Progress();
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(const std::string& line);

    /// Takes the line away.
    void clear() noexcept;

  private:
    bool is_terminal_;
    bool is_shown_ = false;
};

} // namespace pollux::tools
