// SPDX-License-Identifier: BSL-1.0
#ifndef _WIN32
#include "file_system.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <new>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

namespace pollux {
namespace {

namespace fs = std::filesystem;

std::error_code last_error() {
    if (errno == ENOMEM) throw std::bad_alloc(); // and no other story
    return {errno, std::system_category()};
}

std::string last_words() { return last_error().message(); }

/// Whether the owner of a file or folder is nobody whom a privileged process has to fear. The owner may write whatever
/// the mode says, or change it. In a set-gid process the effective user is the one who started it, who is not to be
/// trusted.
bool owner_is_trusted(const struct stat& status) {
    return status.st_uid == 0 || (status.st_uid == geteuid() && status.st_uid != getuid());
}

bool others_can_write(const struct stat& status) {
    return (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 || !owner_is_trusted(status);
}

/// Whether others can put something else in the place of an entry that they do not own. Where a folder is sticky, such
/// as /tmp, they can add entries and no more.
bool others_can_replace_in(const struct stat& status) {
    return others_can_write(status) && !(owner_is_trusted(status) && (status.st_mode & S_ISVTX));
}

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ != -1) close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return number_; }
    int release() { return std::exchange(number_, -1); }
    void reset(int number) {
        if (number_ != -1) close(number_);
        number_ = number;
    }

  private:
    int number_;
};

#if defined(O_PATH)
constexpr int only_look = O_PATH;
#elif defined(O_SEARCH)
constexpr int only_look = O_SEARCH;
#else
constexpr int only_look = O_RDONLY;
#endif
constexpr int as_folder = only_look | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// A FIFO or a device that came in the place of the file must not keep the process waiting.
constexpr int as_file = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/// Goes from the root to a file, folder by folder, each of them held open while the next is looked up in it.
class TrustedWalk {
  public:
    /// The descriptor of the file, or -1 and why not.
    int open(const fs::path& file, std::string& refusal) {
        append(file);
        if (!enter_root(refusal)) return -1;
        while (!left_.empty()) {
            const auto name = std::move(left_.front());
            left_.pop_front();
            const int found = left_.empty() ? open_last(name, refusal) : -1;
            if (found != -1) return found;
            if (!refusal.empty() || !(is_link_ || enter(name, refusal))) return -1;
            is_link_ = false;
        }
        refusal = "not a regular file";
        return -1;
    }

    const fs::path& place() const { return place_; }

  private:
    void append(const fs::path& path) {
        std::deque<std::string> parts;
        for (const auto& part : path.relative_path()) {
            if (!part.empty() && part != ".") parts.push_back(part.native());
        }
        left_.insert(left_.begin(), parts.begin(), parts.end());
    }

    static std::string unsafe(const fs::path& path) {
        return path.string() + " can be written by others, and this process is privileged";
    }

    bool enter_root(std::string& refusal) {
        folder_.reset(::open("/", as_folder));
        place_ = "/";
        return check_folder(refusal);
    }

    bool check_folder(std::string& refusal) {
        if (folder_.get() == -1 || fstat(folder_.get(), &folder_status_) == -1) {
            refusal = last_words();
        } else if (others_can_replace_in(folder_status_)) {
            refusal = unsafe(place_);
        }
        return refusal.empty();
    }

    /// Follows the entry if it is a link, and enters it if it is a folder.
    bool enter(const std::string& name, std::string& refusal) {
        struct stat status {};
        if (!look_at(name, status, refusal)) return false;
        if (S_ISLNK(status.st_mode)) return follow(name, status, refusal);
        folder_.reset(openat(folder_.get(), name.c_str(), as_folder));
        place_ = name == ".." ? place_.parent_path() : place_ / name;
        return check_folder(refusal);
    }

    bool look_at(const std::string& name, struct stat& status, std::string& refusal) const {
        if (fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == -1) refusal = last_words();
        return refusal.empty();
    }

    bool follow(const std::string& name, const struct stat& status, std::string& refusal) {
        constexpr int most_links = 40; // as the kernel has it
        if (!owner_is_trusted(status)) return refusal = unsafe(place_ / name), false;
        if (++links_ > most_links) {
            refusal = make_error_code(std::errc::too_many_symbolic_link_levels).message();
            return false;
        }
        std::array<char, 4096> target; // PATH_MAX
        const auto size = readlinkat(folder_.get(), name.c_str(), target.data(), target.size());
        if (size == -1) return refusal = last_words(), false;
        const fs::path path(std::string(target.data(), static_cast<std::size_t>(size)));
        append(path);
        return path.is_relative() || enter_root(refusal);
    }

    /// The descriptor of the entry, or -1: then it is a link, which was followed, or there is a refusal.
    int open_last(const std::string& name, std::string& refusal) {
        struct stat status {};
        if (!look_at(name, status, refusal)) return -1;
        is_link_ = S_ISLNK(status.st_mode);
        if (is_link_) return follow(name, status, refusal), -1;
        if (!S_ISREG(status.st_mode)) return refusal = "not a regular file", -1;
        if (others_can_write(folder_status_)) return refusal = unsafe(place_), -1;
        Descriptor file(openat(folder_.get(), name.c_str(), as_file | O_NOFOLLOW));
        if (file.get() == -1 || fstat(file.get(), &status) == -1) return refusal = last_words(), -1;
        place_ /= name;
        if (others_can_write(status)) return refusal = unsafe(place_), -1;
        return file.release();
    }

    std::deque<std::string> left_; // names yet to be looked up
    Descriptor folder_{-1};        // where the next one is
    struct stat folder_status_ {};
    fs::path place_; // of the folder, links resolved
    int links_ = 0;
    bool is_link_ = false; // what was looked up last
};

} // namespace

std::error_code list_folder(const fs::path& folder, std::vector<std::string>& names) {
    DIR* const stream = opendir(folder.c_str());
    if (!stream) return last_error();
    struct Closer {
        DIR* stream;
        ~Closer() { closedir(stream); }
    } const closer{stream};
    for (;;) {
        errno = 0;
        const dirent* const entry = readdir(stream); // NOLINT(concurrency-mt-unsafe): a stream of this thread's own
        if (!entry) return errno == 0 ? std::error_code() : last_error();
        std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(std::move(name));
    }
}

std::string identity_of(const fs::path& folder) {
    struct stat status {};
    if (stat(folder.c_str(), &status) == -1) return folder.native();
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

bool others_can_write(const fs::path& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == -1 || others_can_write(status);
}

OpenFile OpenFile::open(const fs::path& file, std::string& refusal) {
    OpenFile opened;
    struct stat status {};
    // Looked at before it is opened, as to open a device may be to use it; and again, as it may be another one by then.
    bool is_there = stat(file.c_str(), &status) == 0;
    if (is_there && S_ISREG(status.st_mode)) {
        opened.descriptor_ = ::open(file.c_str(), as_file);
        is_there = opened.descriptor_ != -1 && fstat(opened.descriptor_, &status) == 0;
    }
    if (!is_there) {
        refusal = last_words();
    } else if (!S_ISREG(status.st_mode)) {
        refusal = "not a regular file";
    } else {
        opened.size_ = static_cast<std::uint64_t>(status.st_size);
        opened.path_ = file;
    }
    return opened;
}

OpenFile OpenFile::open_trusted(const fs::path& file, std::string& refusal) {
    OpenFile opened;
    TrustedWalk walk;
    opened.descriptor_ = walk.open(file, refusal);
    if (opened.descriptor_ == -1) return opened;
    struct stat status {};
    if (fstat(opened.descriptor_, &status) == -1) refusal = last_words();
    opened.size_ = static_cast<std::uint64_t>(status.st_size);
    opened.path_ = walk.place();
    return opened;
}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)), size_(other.size_) {}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(path_, other.path_);
    std::swap(size_, other.size_);
    return *this;
}

OpenFile::~OpenFile() {
    if (descriptor_ != -1) close(descriptor_);
}

bool OpenFile::read(std::uint64_t offset, void* bytes, std::size_t count) const {
    auto* to = static_cast<char*>(bytes);
    while (count > 0) {
        const auto size = pread(descriptor_, to, count, static_cast<off_t>(offset));
        if (size == -1 && errno == EINTR) continue;
        if (size <= 0) return false;
        to += size;
        offset += static_cast<std::uint64_t>(size);
        count -= static_cast<std::size_t>(size);
    }
    return true;
}

fs::path OpenFile::path_for_loader([[maybe_unused]] std::string& refusal) const {
#ifdef __linux__
    constexpr long proc_magic = 0x9fa0; // PROC_SUPER_MAGIC of <linux/magic.h>
    static std::atomic<std::size_t> calls = 0;
    const std::string folder = "/proc/self/fd";
    // The number may be that of another file next time, the path with one slash more is not.
    auto path = folder + std::string(1 + calls++, '/') + std::to_string(descriptor_);
    struct statfs system {};
    struct stat own {
    }, found{};
    const bool is_there = statfs(folder.c_str(), &system) == 0 && static_cast<long>(system.f_type) == proc_magic &&
                          fstat(descriptor_, &own) == 0 && stat(path.c_str(), &found) == 0 &&
                          own.st_dev == found.st_dev && own.st_ino == found.st_ino;
    if (is_there) return path;
    refusal = "this process is privileged and loads only what it has checked, by " + folder + ", which is not there";
    return {};
#else
    return path_; // no folder on its way can be changed by others
#endif
}

} // namespace pollux
#endif
