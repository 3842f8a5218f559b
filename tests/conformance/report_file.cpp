// SPDX-License-Identifier: BSL-1.0
#include "report_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace pollux::conformance {
namespace {

using Form = std::string (*)(const Document&);
constexpr std::array<std::pair<std::string_view, Form>, 4> forms{
    {{".json", json_of}, {".xml", junit_of}, {".md", markdown_of}, {".html", html_of}}};

Form form_of(const std::string& file) {
    for (const auto& [ending, form] : forms) {
        if (file.size() > ending.size() && file.ends_with(ending)) return form;
    }
    return nullptr;
}

std::string message(const std::string& file, const char* step, int error) {
    return "cannot write the report " + file + ": " + step + ": " + std::generic_category().message(error);
}

} // namespace

std::string fault_of_report(const std::string& file) {
    return form_of(file) ? ""
                         : "--report: expected a file that ends in .json, .xml, .md or .html, seen \"" + file + "\"";
}

std::string write_report(const std::string& file, const Document& document) {
    const auto text = form_of(file)(document);
    const auto unfinished = file + ".unfinished";
    errno = 0;
    std::FILE* const stream = std::fopen(unfinished.c_str(), "wb");
    if (!stream) return message(unfinished, "open", errno);
    const bool is_written = std::fwrite(text.data(), 1, text.size(), stream) == text.size();
    const int error = errno;
    const bool is_closed = std::fclose(stream) == 0; // flushes it
    std::error_code ignored;                         // a file that is left behind has a name of its own
    if (!is_written || !is_closed) {
        const int seen = is_written ? errno : error;
        std::filesystem::remove(unfinished, ignored);
        return message(unfinished, "write", seen);
    }
    std::error_code renamed;
    std::filesystem::rename(unfinished, file, renamed);
    if (!renamed) return {};
    std::filesystem::remove(unfinished, ignored);
    return message(file, "rename", renamed.default_error_condition().value());
}

} // namespace pollux::conformance
