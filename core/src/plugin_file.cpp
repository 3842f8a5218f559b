// SPDX-License-Identifier: BSL-1.0
#include "plugin_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

#ifdef __ELF__
#include <elf.h>

#if UINTPTR_MAX > 0xffffffffU
using ElfHeader = Elf64_Ehdr;
#else
using ElfHeader = Elf32_Ehdr;
#endif
/// The ELF header of the object that this is linked into, defined by the linker; null where it defines none.
extern "C" [[gnu::weak, gnu::visibility("hidden")]] const ElfHeader __ehdr_start; // NOLINT: the linker's own name
#endif

namespace pollux {
namespace {

/// The DescriptionHead is the part of a description up to the first text; it is the same in all versions.
struct DescriptionHead {
    char magic[sizeof PluginDescription::expected_magic];
    std::uint32_t size;
    std::uint32_t interface_version;
    std::uint32_t kind;
    std::int32_t rank;
};
constexpr std::size_t before_content = offsetof(PluginDescription, magic);
/// Fields that later versions of the interface append are not required.
constexpr std::size_t least_size =
    offsetof(PluginDescription, summary) + sizeof PluginDescription::summary - before_content;
static_assert(before_content + sizeof(DescriptionHead) == offsetof(PluginDescription, abi));

/// Returns a text of the content; one without a null byte ends with its field.
std::string text_at(std::string_view content, std::size_t offset, std::size_t size) {
    const auto field = content.substr(offset - before_content, size);
    return std::string(field.substr(0, field.find('\0')));
}

/// Reads a description from its magic on. If `content` is too short, there is no description, or a refusal.
PluginFacts read_content(std::string_view content) {
    DescriptionHead head{};
    if (content.size() < sizeof head) return {};
    std::memcpy(&head, content.data(), sizeof head);
    if (std::memcmp(head.magic, PluginDescription::expected_magic, sizeof head.magic) != 0) return {};
    DescribedPlugin plugin{.interface_version = head.interface_version};
    if (head.interface_version != interface_version) return {.described = plugin};
    if (head.size < least_size || content.size() < least_size)
        return {.refusal = "its description has size " +
                           std::to_string(std::min<std::size_t>(head.size, content.size())) + ", expected at least " +
                           std::to_string(least_size)};
    plugin.kind = static_cast<PluginKind>(head.kind);
    plugin.rank = head.rank;
    plugin.abi = text_at(content, offsetof(PluginDescription, abi), sizeof PluginDescription::abi);
    plugin.name = text_at(content, offsetof(PluginDescription, name), sizeof PluginDescription::name);
    plugin.summary = text_at(content, offsetof(PluginDescription, summary), sizeof PluginDescription::summary);
    return {.described = std::move(plugin)};
}

#ifdef __ELF__

#if UINTPTR_MAX > 0xffffffffU
using Segment = Elf64_Phdr;
constexpr unsigned char own_class = ELFCLASS64;
#else
using Segment = Elf32_Phdr;
constexpr unsigned char own_class = ELFCLASS32;
#endif
constexpr std::uint16_t byte_order = 1; // its first byte is 1 on a little-endian machine

/// An ElfFile compares the headers of an ELF file with its size: glibc maps the ranges in the headers and reads them,
/// and a read beyond the end of the file is SIGBUS.
class ElfFile {
  public:
    explicit ElfFile(const OpenFile& file) : file_(&file) {}

    PluginFacts facts() {
        PluginFacts facts;
        if (!is_own_kind()) return facts; // the loader has a message for that, and reads only the header, too
        facts.refusal = machine_difference();
        if (facts.refusal.empty()) facts.refusal = truncation();
        for (const auto& segment : segments_) {
            if (!facts.refusal.empty() || facts.described) break;
            if (segment.p_type == PT_NOTE) facts = find_description(segment);
        }
        return facts;
    }

  private:
    bool is_own_kind() {
        const unsigned char order =
            *reinterpret_cast<const unsigned char*>(&byte_order) == 1 ? ELFDATA2LSB : ELFDATA2MSB;
        return file_->read(0, &header_, sizeof header_) && std::memcmp(header_.e_ident, ELFMAG, SELFMAG) == 0 &&
               header_.e_ident[EI_CLASS] == own_class && header_.e_ident[EI_DATA] == order;
    }

    /// Returns the difference between the machine of the file and that of the program, for which glibc reports that
    /// there is no such file; empty if there is none.
    std::string machine_difference() const {
        const auto* const own = &__ehdr_start;
        if (!own || own->e_machine == header_.e_machine) return {};
        return "built for another machine: its ELF header has machine " + std::to_string(header_.e_machine) +
               ", that of this program has " + std::to_string(own->e_machine);
    }

    /// Returns whether the file has `count` bytes from `offset` on.
    bool has(std::uint64_t offset, std::uint64_t count) const {
        return offset <= file_->size() && count <= file_->size() - offset;
    }

    std::string beyond_the_end(const std::string& what, std::uint64_t offset, std::uint64_t count) const {
        return "truncated or damaged: " + what + " should be " + std::to_string(count) + " bytes from byte " +
               std::to_string(offset) + " on, and the file has " + std::to_string(file_->size());
    }

    /// Returns which part of the file is beyond its end or damaged; empty if none is.
    std::string truncation() {
        if (header_.e_phentsize != sizeof(Segment))
            return "damaged: its program headers have " + std::to_string(header_.e_phentsize) + " bytes, expected " +
                   std::to_string(sizeof(Segment));
        const std::uint64_t size_of_segments = std::uint64_t{header_.e_phnum} * sizeof(Segment);
        if (!has(header_.e_phoff, size_of_segments))
            return beyond_the_end("its program headers", header_.e_phoff, size_of_segments);
        segments_.resize(header_.e_phnum);
        if (!file_->read(header_.e_phoff, segments_.data(), size_of_segments))
            return "its program headers cannot be read";
        for (const auto& segment : segments_) {
            if (auto fault = fault_of(segment); !fault.empty()) return fault;
        }
        const std::uint64_t size_of_sections = std::uint64_t{header_.e_shnum} * header_.e_shentsize;
        if (header_.e_shnum != 0 && !has(header_.e_shoff, size_of_sections))
            return beyond_the_end("its table of sections", header_.e_shoff, size_of_sections);
        return {};
    }

    std::string fault_of(const Segment& segment) {
        const auto what = "its segment " + std::to_string(&segment - segments_.data());
        if (segment.p_type != PT_NULL && !has(segment.p_offset, segment.p_filesz))
            return beyond_the_end(what, segment.p_offset, segment.p_filesz);
        if (segment.p_type == PT_LOAD && segment.p_memsz < segment.p_filesz)
            return "damaged: " + what + " has " + std::to_string(segment.p_memsz) + " bytes in memory and " +
                   std::to_string(segment.p_filesz) + " in the file";
        const bool goes_back = segment.p_type == PT_LOAD && segment.p_vaddr < last_loaded_;
        if (goes_back) return "damaged: " + what + " is loaded before the one before it";
        if (segment.p_type == PT_LOAD) last_loaded_ = segment.p_vaddr;
        // The loader reads it in memory, so a segment that is loaded must contain it.
        const bool is_read = segment.p_type == PT_DYNAMIC || segment.p_type == PT_TLS || segment.p_type == PT_GNU_RELRO;
        if (is_read && !is_loaded(segment)) return "damaged: " + what + " is in none that is loaded";
        return {};
    }

    bool is_loaded(const Segment& inner) const {
        return std::any_of(segments_.begin(), segments_.end(), [&inner](const Segment& outer) {
            if (outer.p_type != PT_LOAD || inner.p_vaddr < outer.p_vaddr) return false;
            const auto offset = inner.p_vaddr - outer.p_vaddr;
            // The end of PT_GNU_RELRO is rounded to a page; the zeroed part of PT_TLS is in no loaded segment.
            const std::uint64_t size = inner.p_type == PT_DYNAMIC ? inner.p_memsz
                                       : inner.p_type == PT_TLS   ? inner.p_filesz
                                                                  : 0;
            return offset <= outer.p_memsz && size <= outer.p_memsz - offset;
        });
    }

    /// Finds the description among the notes of a segment. A segment that is no list of notes has none.
    PluginFacts find_description(const Segment& segment) const {
        constexpr std::uint64_t most = 1 << 16; // a plugin's notes have a few hundred bytes
        std::string notes(static_cast<std::size_t>(std::min<std::uint64_t>(segment.p_filesz, most)), '\0');
        if (!file_->read(segment.p_offset, notes.data(), notes.size())) return {};
        const std::size_t alignment = segment.p_align == 8 ? 8 : 4;
        const auto aligned = [alignment](std::size_t size) { return (size + alignment - 1) / alignment * alignment; };
        for (std::string_view left = notes; left.size() >= sizeof(Elf64_Nhdr);) {
            Elf64_Nhdr note{}; // the same in files of both sizes
            std::memcpy(&note, left.data(), sizeof note);
            left.remove_prefix(sizeof note);
            const auto owner_size = aligned(note.n_namesz), size = aligned(note.n_descsz);
            if (owner_size > left.size()) return {};
            const auto owner = left.substr(0, note.n_namesz);
            left.remove_prefix(owner_size);
            const auto content = left.substr(0, note.n_descsz);
            const std::string_view own(PluginDescription::note_owner, std::strlen(PluginDescription::note_owner) + 1);
            if (owner == own && note.n_type == PluginDescription::note_type) return read_content(content);
            if (size > left.size()) return {};
            left.remove_prefix(size);
        }
        return {};
    }

    const OpenFile* file_;
    ElfHeader header_{};
    std::vector<Segment> segments_;
    std::uint64_t last_loaded_ = 0; // the address of the segment before
};

} // namespace

PluginFacts examine(const OpenFile& file) { return ElfFile(file).facts(); }

#else

} // namespace

/// Where files are not ELF, the loader itself compares them with their size, and the description is found by its magic.
PluginFacts examine(const OpenFile& file) {
    constexpr std::uint64_t most = std::uint64_t{256} << 20;
    std::string bytes(static_cast<std::size_t>(std::min(file.size(), most)), '\0');
    if (!file.read(0, bytes.data(), bytes.size())) return {.refusal = "cannot be read"};
    const std::string_view magic(PluginDescription::expected_magic, sizeof PluginDescription::expected_magic);
    const auto place = bytes.find(magic);
    if (place == bytes.npos) return {};
    return read_content(std::string_view(bytes).substr(place));
}

#endif

} // namespace pollux
