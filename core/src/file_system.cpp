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
    if (errno == ENOMEM) throw std::bad_alloc(); // and not a refusal of the file
    return {errno, std::generic_category()};
}

std::string last_message() { return last_error().message(); }

/// Returns whether a privileged process can trust the owner of a file or folder, who may write it whatever its mode is,
/// or change the mode. In a set-gid process the effective user is the one who started it, and is not trusted.
bool owner_is_trusted(const struct stat& status) {
    return status.st_uid == 0 || (status.st_uid == geteuid() && status.st_uid != getuid());
}

bool others_can_write(const struct stat& status) {
    return (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 || !owner_is_trusted(status);
}

/// Returns whether others can replace an entry that they do not own. In a sticky folder, such as /tmp, they can add
/// entries and no more.
bool others_can_replace_in(const struct stat& status) {
    return others_can_write(status) && !(owner_is_trusted(status) && (status.st_mode & S_ISVTX));
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ != -1) close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd) {
        if (fd_ != -1) close(fd_);
        fd_ = fd;
    }

  private:
    int fd_;
};

#if defined(O_PATH)
constexpr int path_only = O_PATH;
#elif defined(O_SEARCH)
constexpr int path_only = O_SEARCH;
#else
constexpr int path_only = O_RDONLY;
#endif
constexpr int as_folder = path_only | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// Non-blocking: a FIFO or a device that has replaced the file must not block the process.
constexpr int as_file = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/// A TrustedWalk opens the folders from the root to a file one by one. Each is held open while the next is opened.
class TrustedWalk {
  public:
    /// Returns the file descriptor of the file, or -1 and then `refusal` states why.
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

    const fs::path& path() const { return path_; }

  private:
    void append(const fs::path& path) {
        std::deque<std::string> parts;
        for (const auto& part : path.relative_path()) {
            if (!part.empty() && part != ".") parts.push_back(part.native());
        }
        left_.insert(left_.begin(), parts.begin(), parts.end());
    }

    static std::string unsafe_reason(const fs::path& path) {
        return path.string() + " can be written by others, and this process is privileged";
    }

    bool enter_root(std::string& refusal) {
        folder_.reset(::open("/", as_folder));
        path_ = "/";
        return check_folder(refusal);
    }

    bool check_folder(std::string& refusal) {
        if (folder_.get() == -1 || fstat(folder_.get(), &folder_status_) == -1) {
            refusal = last_message();
        } else if (others_can_replace_in(folder_status_)) {
            refusal = unsafe_reason(path_);
        }
        return refusal.empty();
    }

    /// Follows the entry if it is a link, and enters it if it is a folder.
    bool enter(const std::string& name, std::string& refusal) {
        struct stat status {};
        if (!read_status(name, status, refusal)) return false;
        if (S_ISLNK(status.st_mode)) return follow(name, status, refusal);
        folder_.reset(openat(folder_.get(), name.c_str(), as_folder));
        path_ = name == ".." ? path_.parent_path() : path_ / name;
        return check_folder(refusal);
    }

    bool read_status(const std::string& name, struct stat& status, std::string& refusal) const {
        if (fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == -1) refusal = last_message();
        return refusal.empty();
    }

    bool follow(const std::string& name, const struct stat& status, std::string& refusal) {
        constexpr int most_links = 40; // the kernel's limit
        if (!owner_is_trusted(status)) return refusal = unsafe_reason(path_ / name), false;
        if (++links_ > most_links) {
            refusal = make_error_code(std::errc::too_many_symbolic_link_levels).message();
            return false;
        }
        std::array<char, 4096> target; // PATH_MAX
        const auto size = readlinkat(folder_.get(), name.c_str(), target.data(), target.size());
        if (size == -1) return refusal = last_message(), false;
        const fs::path path(std::string(target.data(), static_cast<std::size_t>(size)));
        append(path);
        return path.is_relative() || enter_root(refusal);
    }

    /// Returns the file descriptor of the entry, or -1 if it is a link, which was followed, or there is a refusal.
    int open_last(const std::string& name, std::string& refusal) {
        struct stat status {};
        if (!read_status(name, status, refusal)) return -1;
        is_link_ = S_ISLNK(status.st_mode);
        if (is_link_) return follow(name, status, refusal), -1;
        if (!S_ISREG(status.st_mode)) return refusal = "not a regular file", -1;
        if (others_can_write(folder_status_)) return refusal = unsafe_reason(path_), -1;
        Descriptor file(openat(folder_.get(), name.c_str(), as_file | O_NOFOLLOW));
        if (file.get() == -1 || fstat(file.get(), &status) == -1) return refusal = last_message(), -1;
        path_ /= name;
        if (others_can_write(status)) return refusal = unsafe_reason(path_), -1;
        return file.release();
    }

    std::deque<std::string> left_; // names yet to be looked up
    Descriptor folder_{-1};        // where the next one is
    struct stat folder_status_ {};
    fs::path path_; // of the folder, links resolved
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
    // Its status is read before it is opened, as open() may have an effect on a device; and again, as the path may lead
    // to another file by then.
    bool is_there = stat(file.c_str(), &status) == 0;
    if (is_there && S_ISREG(status.st_mode)) {
        opened.descriptor_ = ::open(file.c_str(), as_file);
        is_there = opened.descriptor_ != -1 && fstat(opened.descriptor_, &status) == 0;
    }
    if (!is_there) {
        refusal = last_message();
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
    if (fstat(opened.descriptor_, &status) == -1) refusal = last_message();
    opened.size_ = static_cast<std::uint64_t>(status.st_size);
    opened.path_ = walk.path();
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
    // The next file may have the same file descriptor, but never the same path: each has one slash more.
    auto path = folder + std::string(1 + calls++, '/') + std::to_string(descriptor_);
    struct statfs system {};
    struct stat own {
    }, found{};
    const bool is_there = statfs(folder.c_str(), &system) == 0 && static_cast<long>(system.f_type) == proc_magic &&
                          fstat(descriptor_, &own) == 0 && stat(path.c_str(), &found) == 0 &&
                          own.st_dev == found.st_dev && own.st_ino == found.st_ino;
    if (is_there) return path;
    refusal = "this process is privileged and loads plugins only by " + folder + ", which is not there";
    return {};
#else
    return path_; // others can change no folder on its way
#endif
}

bool is_open(Source source) noexcept { return fcntl(source, F_GETFD) != -1 || errno != EBADF; }

} // namespace pollux
#endif
