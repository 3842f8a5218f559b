// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

namespace pollux::loader_tests {

namespace fs = std::filesystem;

/// A variable of the environment that has a value, or none, as long as this lives; then what it had before.
class EnvironmentVariable {
  public:
    EnvironmentVariable(const char* name, const std::optional<std::string>& value) : name_(name) {
        if (const char* before = std::getenv(name)) before_ = before;
        set(value);
    }
    ~EnvironmentVariable() { set(before_); }
    EnvironmentVariable(const EnvironmentVariable&) = delete;
    EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;

    void set(const std::optional<std::string>& value) {
        if (value) {
            setenv(name_, value->c_str(), 1);
        } else {
            unsetenv(name_);
        }
    }

  private:
    const char* name_;
    std::optional<std::string> before_;
};

/// A new folder that anybody may enter, removed with all that is in it.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = "/tmp/pollux-loader-XXXXXX"; // not TMPDIR, where another user may not be able to go
        if (!mkdtemp(name.data())) throw fs::filesystem_error("mkdtemp", name, {errno, std::system_category()});
        path_ = name;
        fs::permissions(path_, fs::perms(0755));
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    operator const fs::path&() const noexcept { return path_; }
    fs::path operator/(const fs::path& name) const { return path_ / name; }
    std::string string() const { return path_.string(); }

  private:
    fs::path path_;
};

inline std::string file_name(const std::string& backend) { return "libpollux-" + backend + ".so"; }
inline fs::path fixture(const std::string& name) { return fs::path(FIXTURES) / file_name(name); }

/// Copies a file under a backend's name into a folder.
inline fs::path put(const fs::path& file, const fs::path& folder, const std::string& backend) {
    fs::create_directories(folder);
    const auto copy = folder / file_name(backend);
    fs::copy_file(file, copy);
    fs::permissions(copy, fs::perms(0755));
    return copy;
}

/// Whether all the facts are in the text.
inline testing::AssertionResult says(const std::string& text, std::initializer_list<std::string> facts) {
    for (const auto& fact : facts) {
        if (text.find(fact) == text.npos) return testing::AssertionFailure() << "no " << fact << " in:\n" << text;
    }
    return testing::AssertionSuccess() << text;
}

/// Starts each test with neither of the variables set.
class LoaderTest : public testing::Test {
  protected:
    EnvironmentVariable backend{"POLLUX_BACKEND", std::nullopt};
    EnvironmentVariable plugin_path{"POLLUX_PLUGIN_PATH", std::nullopt};
};

} // namespace pollux::loader_tests
