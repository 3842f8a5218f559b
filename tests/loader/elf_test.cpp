// SPDX-License-Identifier: BSL-1.0
// Tests of truncated or damaged files: they are refused with a reason before the system's loader crashes on them.
#include "loader_test.hpp"

#include "file_system.hpp"
#include "plugin_file.hpp"

#include <fstream>
#include <iterator>

#include <elf.h>

namespace pollux::loader_tests {
namespace {

class Elf : public LoaderTest {
  protected:
    Elf() {
        std::ifstream input(file, std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(input), {});
    }

    /// The refusal of a file with these bytes.
    std::string refusal_with(const std::string& content) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
        std::string refusal;
        const auto opened = OpenFile::open(file, refusal);
        return refusal.empty() ? examine(opened).refusal : refusal;
    }

    template <typename Number>
    std::string with(std::size_t offset, Number value) const {
        auto copy = bytes;
        copy.replace(offset, sizeof value, reinterpret_cast<const char*>(&value), sizeof value);
        return copy;
    }

    /// The offset of the first program header of a type.
    std::size_t segment(std::uint32_t type) const {
        const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(bytes.data());
        for (std::size_t i = 0; i < header.e_phnum; ++i) {
            const auto place = static_cast<std::size_t>(header.e_phoff) + i * sizeof(Elf64_Phdr);
            if (reinterpret_cast<const Elf64_Phdr*>(bytes.data() + place)->p_type == type) return place;
        }
        ADD_FAILURE() << "no segment of type " << type;
        return 0;
    }

    TemporaryFolder folder;
    fs::path file = put(fixture("good"), folder, "good");
    std::string bytes;
};

TEST_F(Elf, whole_file_is_taken) { EXPECT_EQ(refusal_with(bytes), ""); }

TEST_F(Elf, file_that_was_cut_off_is_refused_at_each_length) {
    ASSERT_GT(bytes.size(), 4000U);
    for (std::size_t size = 0; size < bytes.size(); size += size < 2000 ? 13 : 997) {
        refusal_with(bytes.substr(0, size));
        const auto choice = explain({.backend = file.string()}); // must not end by SIGBUS
        ASSERT_FALSE(choice.backend) << size;
        if (size >= sizeof(Elf64_Ehdr)) {
            ASSERT_TRUE(contains(choice.text(), {"truncated or damaged: ", std::to_string(size)})) << size;
        }
    }
    const auto one_byte_less = refusal_with(bytes.substr(0, bytes.size() - 1));
    EXPECT_TRUE(contains(one_byte_less, {"its table of sections should be "}));
}

TEST_F(Elf, headers_that_point_behind_the_end) {
    constexpr auto far = ~std::uint64_t{0} - 10; // where a sum overflows
    EXPECT_TRUE(contains(refusal_with(with(offsetof(Elf64_Ehdr, e_phoff), far)), {"its program headers should be"}));
    EXPECT_TRUE(contains(refusal_with(with(offsetof(Elf64_Ehdr, e_phentsize), std::uint16_t{8})), {"have 8 bytes"}));
    EXPECT_TRUE(
        contains(refusal_with(with(offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{0xffff})), {"program headers"}));
    EXPECT_TRUE(contains(refusal_with(with(offsetof(Elf64_Ehdr, e_shoff), far)), {"its table of sections"}));
    for (const auto type : {PT_LOAD, PT_DYNAMIC, PT_NOTE}) {
        const auto place = segment(static_cast<std::uint32_t>(type));
        EXPECT_TRUE(
            contains(refusal_with(with(place + offsetof(Elf64_Phdr, p_offset), far)), {"truncated or damaged"}));
        EXPECT_TRUE(
            contains(refusal_with(with(place + offsetof(Elf64_Phdr, p_filesz), far)), {"truncated or damaged"}));
    }
    EXPECT_TRUE(contains(refusal_with(with(segment(PT_LOAD) + offsetof(Elf64_Phdr, p_memsz), std::uint64_t{1})),
                         {"has 1 bytes in memory"}));
    EXPECT_TRUE(contains(refusal_with(with(segment(PT_DYNAMIC) + offsetof(Elf64_Phdr, p_vaddr), far)),
                         {"is in none that is loaded"}));
}

TEST_F(Elf, invalid_notes_are_ignored) {
    const auto place = segment(PT_NOTE);
    const auto offset = reinterpret_cast<const Elf64_Phdr*>(bytes.data() + place)->p_offset;
    for (const std::size_t at : {0U, 4U}) { // the sizes of the owner and of the content of the first note
        for (const auto size : {0U, 1U, 0x7fffffffU, 0xfffffffdU, 0xffffffffU}) {
            EXPECT_EQ(refusal_with(with(static_cast<std::size_t>(offset) + at, size)), "") << at << ' ' << size;
        }
    }
}

TEST_F(Elf, no_byte_of_the_headers_harms_the_reader) {
    const auto end =
        sizeof(Elf64_Ehdr) + reinterpret_cast<const Elf64_Ehdr*>(bytes.data())->e_phnum * sizeof(Elf64_Phdr);
    std::fstream content(file, std::ios::in | std::ios::out | std::ios::binary);
    const auto write = [&](std::size_t at, char value) {
        content.seekp(static_cast<std::streamoff>(at));
        content.put(value).flush();
        std::string refusal;
        examine(OpenFile::open(file, refusal)); // under the sanitizers
    };
    for (std::size_t at = 0; at < end; ++at) {
        for (const char value : {'\0', '\x7f', '\xff', bytes[at]}) write(at, value);
    }
    EXPECT_EQ(refusal_with(bytes), "");
}

} // namespace
} // namespace pollux::loader_tests
