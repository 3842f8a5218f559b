// SPDX-License-Identifier: BSL-1.0
#include "isolation.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <dirent.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#ifdef __linux__
// Of LeakSanitizer, where the program has it: a process that ends by _exit() is not checked otherwise.
extern "C" [[gnu::weak]] int __lsan_do_recoverable_leak_check(); // NOLINT(bugprone-reserved-identifier)
#endif

namespace pollux::conformance {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// The memory that a rule's process shares with its parent, which reads it after the process has ended. Not a pipe:
/// some rules close all descriptors. Records are appended, each a kind, a line and two texts that end with a zero byte.
class SharedRecords final : public Recorder {
  public:
    void add_failure(const char* file, int line, std::string_view text) noexcept override {
        has_failed_ = true;
        append('f', line, file, with_traces(text));
    }
    void add_property(std::string_view key, std::string_view value) noexcept override { append('p', 0, key, value); }
    bool has_failed() const noexcept override { return has_failed_; }
    void note_progress() noexcept override { progress_.fetch_add(1, std::memory_order_relaxed); }

    void note_exit() noexcept { has_called_exit_ = true; }
    bool has_called_exit() const noexcept { return has_called_exit_; }
    void note_end() noexcept { has_ended_ = true; }
    bool has_ended() const noexcept { return has_ended_; }
    std::uint64_t progress() const noexcept { return progress_.load(std::memory_order_relaxed); }

    void read(Findings& findings) const {
        const std::size_t end = std::min<std::size_t>(complete_, records_.size());
        for (std::size_t at = 0; at < end;) {
            const char kind = records_[at++];
            const auto line = text_at(at), first = text_at(at), second = text_at(at);
            if (kind == 'p') {
                findings.properties.emplace_back(first, second);
                continue;
            }
            int number = 0;
            std::from_chars(line.data(), line.data() + line.size(), number);
            findings.failures.push_back({first, number, second});
        }
    }

  private:
    void append(char kind, int line, std::string_view first, std::string_view second) noexcept {
        std::array<char, 16> digits{};
        const auto digits_end = std::to_chars(digits.data(), digits.data() + digits.size(), line).ptr;
        const std::string_view number(digits.data(), static_cast<std::size_t>(digits_end - digits.data()));
        // A rule has several threads, and the process may end at any time: a record counts once it is complete.
        while (is_writing_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
        second = second.substr(0, most_text);
        const auto size = 1 + number.size() + first.size() + second.size() + 3;
        if (complete_ + size <= records_.size()) {
            auto at = records_.begin() + static_cast<std::ptrdiff_t>(complete_.load());
            *at++ = kind;
            for (const auto text : {number, first, second}) {
                at = std::replace_copy(text.begin(), text.end(), at, '\0', ' ');
                *at++ = '\0';
            }
            complete_ += size;
        }
        is_writing_.clear(std::memory_order_release);
    }

    std::string text_at(std::size_t& at) const {
        const std::string text(records_.data() + at);
        at += text.size() + 1;
        return text;
    }

    static constexpr std::size_t most_text = 16384;
    std::atomic<bool> has_failed_ = false, has_called_exit_ = false, has_ended_ = false;
    std::atomic<std::uint64_t> progress_ = 0;
    std::atomic_flag is_writing_ = ATOMIC_FLAG_INIT;
    std::atomic<std::size_t> complete_ = 0; // bytes of complete records
    std::array<char, 262144> records_{};
};

/// A temporary file without a name, which a process prints to. Not a pipe, which the parent would have to read
/// meanwhile.
class OutputFile {
  public:
    OutputFile() : file_(std::tmpfile()) {
        if (!file_) throw std::system_error(errno, std::generic_category(), "tmpfile");
    }
    ~OutputFile() { std::fclose(file_); }
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    void become_standard_output() const {
        dup2(fileno(file_), STDOUT_FILENO);
        dup2(fileno(file_), STDERR_FILENO);
    }
    std::size_t size() const {
        struct stat status {};
        return fstat(fileno(file_), &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
    }
    /// Its first bytes.
    std::string text() const {
        std::string text(4096, '\0');
        const auto read = pread(fileno(file_), text.data(), text.size(), 0);
        text.resize(read > 0 ? static_cast<std::size_t>(read) : 0);
        return text;
    }

  private:
    std::FILE* file_;
};

std::string name_of_signal(int number) {
#ifdef __GLIBC__
    if (const char* const name = sigabbrev_np(number)) return "SIG" + std::string(name);
#endif
    return "signal " + std::to_string(number);
}

/// The processor time that a process has used, and whether each of its threads sleeps. Where the system does not report
/// them, none was used, and it sleeps.
struct Activity {
    std::chrono::nanoseconds used{0};
    bool is_asleep = true;
};

Activity activity_of(pid_t process) {
    Activity activity;
#ifdef __linux__
    const auto folder = "/proc/" + std::to_string(process) + "/task";
    DIR* const threads = opendir(folder.c_str());
    if (!threads) return activity;
    while (const dirent* const thread = readdir(threads)) {
        if (thread->d_name[0] == '.') continue;
        // proc(5): after the name, which is in parentheses, the state is the first word, and utime and stime, in ticks,
        // are the twelfth and the thirteenth.
        std::ifstream stat(folder + "/" + thread->d_name + "/stat");
        std::string line, state, word;
        std::getline(stat, line);
        std::istringstream words(line.substr(std::min(line.size(), line.rfind(')') + 1)));
        words >> state;
        for (int i = 0; i < 10; ++i) words >> word;
        long user = 0, system = 0;
        words >> user >> system;
        activity.used += std::chrono::seconds(1) * (user + system) / sysconf(_SC_CLK_TCK);
        activity.is_asleep &= state == "S";
    }
    closedir(threads);
#else
    static_cast<void>(process);
#endif
    return activity;
}

} // namespace

/// A Child is the process of a rule, as its parent sees it.
class Isolation::Child {
  public:
    Child(const std::function<void()>& body, std::chrono::nanoseconds hang_limit) : hang_limit_(hang_limit) {
        void* const memory =
            mmap(nullptr, sizeof(SharedRecords), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
        records_ = new (memory) SharedRecords;
        std::fflush(nullptr); // otherwise the child prints it once more
        process_ = fork();
        if (process_ == -1) {
            const int error = errno;
            munmap(memory, sizeof(SharedRecords));
            throw std::system_error(error, std::generic_category(), "fork");
        }
        if (process_ == 0) run(body);
        setpgid(process_, process_); // also done by the child: whichever is first
    }
    ~Child() {
        if (!has_ended_) end({});
        munmap(static_cast<void*>(records_), sizeof(SharedRecords));
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Checks the process without waiting; returns whether it has ended, or was killed for what it did.
    bool check() {
        if (has_ended_) return true;
        siginfo_t ended{};
        if (waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            ended.si_pid == process_)
            return end({});
        if (output_.size() > most_output) return end("prints more than " + std::to_string(most_output) + " bytes");
        const auto now = Clock::now();
        // When neither this process nor the other one is run, time passes without a chance of progress.
        quiet_ += std::min<std::chrono::nanoseconds>(now - checked_, 100ms);
        checked_ = now;
        const auto progress = records_->progress();
        if (progress != progress_) {
            progress_ = progress;
            quiet_ = 0ns;
            used_.reset();
        }
        if (quiet_ < hang_limit_ / 4) return false; // a rule that goes on costs nothing
        const auto activity = activity_of(process_);
        if (!used_) used_ = activity.used;
        if (quiet_ < hang_limit_) return false;
        if (activity.is_asleep) return end("hangs: it sleeps without progress");
        // On a busy machine it takes longer until a process has used that much.
        if (activity.used - *used_ < hang_limit_ && quiet_ < 20 * hang_limit_) return false;
        return end("hangs: it computes without progress");
    }

    Findings findings() const {
        Findings findings;
        records_->read(findings);
        findings.output = output_.text();
        std::string verdict = verdict_;
        if (verdict.empty() && WIFSIGNALED(status_)) {
            verdict = "is ended by " + name_of_signal(WTERMSIG(status_));
        } else if (verdict.empty() && records_->has_called_exit()) {
            verdict = "calls exit() before the rule has ended";
        } else if (verdict.empty() && !records_->has_ended()) {
            verdict = "exits with status " + std::to_string(WEXITSTATUS(status_)) + " before the rule has ended";
        }
        if (!verdict.empty())
            findings.failures.push_back(
                {__FILE__, __LINE__, "expected: the rule ends\n    seen: its process " + verdict});
        return findings;
    }

  private:
    [[noreturn]] void run(const std::function<void()>& body) {
        setpgid(0, 0);
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
        const rlimit none{0, 0};
        setrlimit(RLIMIT_CORE, &none);
        output_.become_standard_output();
        Recorder::set_current(*records_);
        // Called before other exit handlers and destructors, which belong to the parent, or are still used by the rule.
        static SharedRecords* records = records_;
        std::atexit([] {
            records->note_exit();
            _exit(0);
        });
        body();
#ifdef __linux__
        if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0)
            records_->add_failure(__FILE__, __LINE__, "expected: all memory is freed\n    seen: leaks, see the output");
#endif
        std::fflush(nullptr);
        records_->note_end();
        _exit(0);
    }

    /// Kills the process, unless it has ended, and what the rule has started. Only then may its number be used again,
    /// which is that of the group.
    bool end(std::string verdict) {
        verdict_ = std::move(verdict);
        kill(-process_, SIGKILL);
        while (waitpid(process_, &status_, 0) == -1 && errno == EINTR) {}
        has_ended_ = true;
        return true;
    }

    const std::chrono::nanoseconds hang_limit_;
    const OutputFile output_;
    SharedRecords* records_ = nullptr;
    pid_t process_ = -1;
    bool has_ended_ = false;
    int status_ = 0;
    std::string verdict_; // why it was killed
    Clock::time_point checked_ = Clock::now();
    std::chrono::nanoseconds quiet_ = 0ns;         // since the last progress
    std::optional<std::chrono::nanoseconds> used_; // of processor time, some time after that; if it was measured
    std::uint64_t progress_ = 0;
};

bool Isolation::is_supported() noexcept { return true; }

Isolation::Isolation(std::size_t jobs, std::chrono::seconds hang_limit)
    : jobs_(std::max<std::size_t>(jobs, 1)), hang_limit_(hang_limit) {}
Isolation::~Isolation() = default;

void Isolation::run_ahead(std::string name, std::function<void()> body) {
    queue_.push_back({std::move(name), std::move(body)});
}

void Isolation::start_some() {
    std::size_t running = 0;
    for (auto& job : queue_) {
        if (running == jobs_) return;
        if (job.findings) continue;
        if (!job.child) job.child = std::make_shared<Child>(job.body, hang_limit_);
        if (job.child->check()) {
            job.findings = job.child->findings();
            job.child.reset();
        } else {
            ++running;
        }
    }
}

Findings Isolation::findings_of(const std::string& name) {
    const auto asked = std::ranges::find(queue_, name, &Job::name);
    if (asked == queue_.end()) throw std::logic_error("expected a rule of the queue, seen: " + name);
    std::rotate(queue_.begin(), asked, asked + 1);
    for (start_some(); !queue_.front().findings; start_some()) {
        std::this_thread::sleep_for(2ms); // not SIGCHLD: its handler and mask belong to the program
    }
    Findings findings = std::move(*queue_.front().findings);
    queue_.pop_front();
    return findings;
}

} // namespace pollux::conformance
