// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <utility>

namespace pollux::loader_tests {

namespace fs = std::filesystem;

/// An EnvironmentVariable sets or clears a variable of the environment, and restores it in the destructor.
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
#ifdef _WIN32
        _putenv_s(name_, value.value_or("").c_str()); // an empty value removes it
#else
        if (value) {
            setenv(name_, value->c_str(), 1);
        } else {
            unsetenv(name_);
        }
#endif
    }

  private:
    const char* name_;
    std::optional<std::string> before_;
};

/// A new folder that all users may enter, which the destructor removes with its contents.
class TemporaryFolder {
  public:
    TemporaryFolder() {
#ifdef _WIN32
        const auto parent = fs::temp_directory_path();
#else
        const fs::path parent = "/tmp"; // not TMPDIR, which another user may not be able to enter
#endif
        std::random_device random;
        do {
            path_ = parent / ("pollux-loader-" + std::to_string(random()));
        } while (!fs::create_directory(path_));
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

#ifdef _WIN32
inline std::string file_name(const std::string& backend) { return "pollux-" + backend + ".dll"; }
inline const std::string list_separator = ";";
#else
inline std::string file_name(const std::string& backend) { return "libpollux-" + backend + ".so"; }
inline const std::string list_separator = ":";
#endif

/// Returns an absolute path, with a drive on Windows.
inline std::string native(const fs::path& path) { return fs::absolute(path).make_preferred().string(); }

inline const std::string fixtures = native(FIXTURES), plugins = native(PLUGINS);
inline fs::path fixture(const std::string& name) { return fs::path(fixtures) / file_name(name); }

/// The messages of the system's loader for a file that is not a shared object, and for one with a missing symbol.
#ifdef _WIN32
inline const std::string no_library = "LoadLibraryEx: error 193", nothing_in_it = no_library,
                         missing = "LoadLibraryEx: error 126, Module not found";
#else
inline const std::string no_library = "invalid ELF header", nothing_in_it = "file too short",
                         missing = "undefined symbol: pollux_is_not_defined_anywhere";
#endif

/// Copies a file under a backend's name into a folder.
inline fs::path put(const fs::path& file, const fs::path& folder, const std::string& backend) {
    fs::create_directories(folder);
    const auto copy = folder / file_name(backend);
    fs::copy_file(file, copy);
    fs::permissions(copy, fs::perms(0755));
    return copy;
}

/// Returns whether `text` contains all of `facts`.
inline testing::AssertionResult contains(const std::string& text, std::initializer_list<std::string> facts) {
    for (const auto& fact : facts) {
        if (text.find(fact) == text.npos) return testing::AssertionFailure() << "no " << fact << " in:\n" << text;
    }
    return testing::AssertionSuccess() << text;
}

/// A LoaderTest starts with none of the variables set.
class LoaderTest : public testing::Test {
  protected:
    EnvironmentVariable backend{"POLLUX_BACKEND", std::nullopt};
    EnvironmentVariable layers{"POLLUX_LAYERS", std::nullopt};
    EnvironmentVariable plugin_path{"POLLUX_PLUGIN_PATH", std::nullopt};
};

} // namespace pollux::loader_tests
