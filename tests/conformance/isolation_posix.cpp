// SPDX-License-Identifier: BSL-1.0
#include "isolation.hpp"

#include "shared_records.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
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

/// An OutputFile is a temporary file without a name, to which a process prints. Not a pipe, which the parent would have
/// to read meanwhile.
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

/// An Activity is the processor time that a process has used, and whether each of its threads sleeps. Where the system
/// does not report them, none was used, and it sleeps.
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
        findings.duration = duration_;
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
                {__FILE__, __LINE__,
                 "expected: the rule ends\n    seen: its process " + verdict + calls_before(records_->calls())});
        return findings;
    }

  private:
    std::string calls_before(const CallLog& calls) const {
        const auto text = calls.text(begun_ + duration_);
        return text.empty() ? text : "\ncompleted calls before:" + text;
    }

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
        duration_ = Clock::now() - begun_;
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
    const Clock::time_point begun_ = Clock::now();
    std::chrono::nanoseconds duration_ = 0ns;
    Clock::time_point checked_ = begun_;
    std::chrono::nanoseconds quiet_ = 0ns;         // since the last progress
    std::optional<std::chrono::nanoseconds> used_; // of processor time, some time after that; if it was measured
    std::uint64_t progress_ = 0;
};

bool Isolation::is_supported() noexcept { return true; }

Isolation::Isolation(std::size_t jobs, std::chrono::seconds hang_limit, EndsRun ends_run)
    : jobs_(std::max<std::size_t>(jobs, 1)), hang_limit_(hang_limit), ends_run_(std::move(ends_run)) {}
Isolation::~Isolation() = default;

void Isolation::begin_run() {
    queue_.clear(); // GoogleTest does not ask for the others after one that ends the run
    has_ended_run_ = false;
}

void Isolation::run_ahead(std::string name, std::chrono::milliseconds takes, std::function<void()> body) {
    const auto priority = ends_run_ ? -takes : takes;
    const auto later = std::ranges::upper_bound(queue_, priority, std::ranges::greater(), &Job::priority);
    queue_.insert(later, {std::move(name), priority, std::move(body)});
}

void Isolation::start_some() {
    std::size_t running = 0;
    for (auto& job : queue_) {
        if (running == jobs_ || has_ended_run_) return;
        if (job.findings) continue;
        if (!job.child) job.child = std::make_shared<Child>(job.body, hang_limit_);
        if (job.child->check()) {
            job.findings = job.child->findings();
            job.child.reset();
            has_ended_run_ = ends_run_ && ends_run_(job.name, *job.findings);
        } else {
            ++running;
        }
    }
}

std::optional<Findings> Isolation::findings_of(const std::string& name) {
    const auto job = std::ranges::find(queue_, name, &Job::name);
    if (job == queue_.end()) throw std::logic_error("expected a rule of the queue, seen: " + name);
    for (start_some(); !job->findings && !has_ended_run_; start_some()) {
        std::this_thread::sleep_for(2ms); // not SIGCHLD: its handler and mask belong to the program
    }
    auto findings = std::move(job->findings);
    queue_.erase(job); // ends its process, if that still runs
    return findings;
}

} // namespace pollux::conformance
