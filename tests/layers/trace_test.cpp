// SPDX-License-Identifier: BSL-1.0
// Tests of the trace layer: what its lines state, and where they go.
#include "../harness/simulated_selector.hpp"
#include "../loader/loader_test.hpp"

#include <pollux/poll.hpp>

#include <fstream>
#include <regex>
#include <sstream>
#include <thread>
#include <vector>

namespace pollux::layer_tests {
namespace {

using namespace loader_tests;
namespace fs = std::filesystem;

class Trace : public LoaderTest {
  protected:
    Trace() { plugin_path.set(plugins); }

    std::string stack() const { return "trace?file=" + element_of(file_) + "+" BACKEND; }

    /// Returns the lines of the file without their beginnings, each of which has to have the time and the thread.
    std::vector<std::string> lines() const {
        std::ifstream file(file_);
        std::vector<std::string> found;
        const std::regex beginning(R"(^pollux: \d+\.\d{6} s, thread \d+: (.*)$)");
        for (std::string line; std::getline(file, line);) {
            std::smatch match;
            if (std::regex_match(line, match, beginning)) {
                found.push_back(match[1]);
            } else {
                ADD_FAILURE() << "no line of a trace: " << line;
            }
        }
        return found;
    }

    static void expect_line(const std::string& line, const std::string& pattern) {
        EXPECT_TRUE(std::regex_match(line, std::regex(pattern))) << line << "\n" << pattern;
    }

    TemporaryFolder folder_;
    fs::path file_ = folder_ / "trace";
};

TEST_F(Trace, has_a_line_for_each_call_and_event) {
    {
        const auto selector = open({.backend = stack()});
        auto& registrator = selector->registrator();
        const auto nowhere = static_cast<Source>(-1);
        EXPECT_EQ(registrator.add(nowhere, {Token{1}, Ready::readable | Ready::writable, Mode::level}),
                  std::errc::bad_file_descriptor);
        EXPECT_TRUE(registrator.modify(nowhere, {Token{18'446'744'073'709'486'079U}, Ready::none, Mode::oneshot}));
        EXPECT_TRUE(registrator.remove(nowhere));
        EXPECT_FALSE(registrator.wake());
        std::vector<Event> buffer(8);
        std::error_code error;
        EXPECT_EQ(selector->select(buffer, forever, error).size(), 1U);
        EXPECT_TRUE(selector->select(buffer, std::chrono::microseconds(50), error).empty());
        EXPECT_TRUE(selector->select({}, Timeout(std::chrono::nanoseconds(0)), error).empty());
    }
    const auto seen = lines();
    ASSERT_EQ(seen.size(), 7U);
    expect_line(seen[0], R"(add\(-?\d+, token 1, readable\|writable, level\): error \d+, .+)");
    expect_line(seen[1], R"(modify\(-?\d+, token 18446744073709486079, none, oneshot\): error \d+, .+)");
    expect_line(seen[2], R"(remove\(-?\d+\): error \d+, .+)");
    expect_line(seen[3], R"(wake\(\): ok)");
    expect_line(seen[4], R"(select\(8 events, forever\): 1 event after 0\.\d{6} s: wake none)");
    expect_line(seen[5], R"(select\(8 events, 50000 ns\): 0 events after \d+\.\d{6} s)");
    expect_line(seen[6], R"(select\(0 events, 0 ns\): error \d+, .+ after 0\.\d{6} s)");
}

TEST_F(Trace, has_the_times_of_the_clock_below_it) {
    const auto simulation = std::make_shared<harness::Simulation>();
    {
        const auto choice = explain({.backend = stack()});
        ASSERT_EQ(choice.layers.size(), 1U);
        OpenFailure failure;
        const auto selector =
            choice.layers[0].open_around(std::make_unique<harness::SimulatedSelector>(simulation), failure);
        ASSERT_TRUE(selector);
        EXPECT_EQ(extension_of<time::ClockSource>(*selector), simulation.get());
        std::vector<Event> buffer(8);
        std::error_code error;
        EXPECT_TRUE(selector->select(buffer, std::chrono::hours(24), error).empty());
    }
    std::ifstream file(file_);
    std::string line;
    std::getline(file, line);
    EXPECT_TRUE(line.find("pollux: 86400.000000 s, thread ") == 0 &&
                line.find(": 0 events after 86400.000000 s") != line.npos)
        << line;
}

TEST_F(Trace, appends_whole_lines_of_all_threads) {
    std::ofstream(file_) << "pollux: 0.000000 s, thread 1: before\n";
    constexpr int threads = 4, calls = 200;
    {
        const auto selector = open({.backend = stack()});
        std::vector<std::thread> all;
        for (int i = 0; i < threads; ++i) {
            all.emplace_back([&] {
                for (int call = 0; call < calls; ++call) EXPECT_FALSE(selector->registrator().wake());
            });
        }
        for (auto& thread : all) thread.join();
    }
    const auto seen = lines();
    ASSERT_EQ(seen.size(), 1U + threads * calls);
    EXPECT_EQ(seen[0], "before");
    for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_EQ(seen[i], "wake(): ok");
}

TEST_F(Trace, goes_to_the_standard_error_stream_of_any_program) {
    layers.set("trace");
    testing::internal::CaptureStderr();
    {
        Poll poll({.backend = BACKEND});
        EXPECT_FALSE(poll.registrator().wake());
    }
    EXPECT_TRUE(contains(testing::internal::GetCapturedStderr(), {"pollux: 0.", ": wake(): ok\n"}));
}

TEST_F(Trace, of_a_file_that_cannot_be_written_is_refused) {
    const auto nowhere = folder_ / "nowhere" / "trace";
    const auto choice = explain({.backend = "trace?file=" + element_of(nowhere) + "+" BACKEND});
    EXPECT_FALSE(choice.backend);
    EXPECT_TRUE(
        contains(choice.text(), {"open: No such file or directory: option \"file\": expected a file that can be "
                                 "written"}));
    EXPECT_FALSE(explain({.backend = "trace?file=+" BACKEND}).backend);
}

} // namespace
} // namespace pollux::layer_tests
