// SPDX-License-Identifier: BSL-1.0
#include "facts.hpp"

#include "../../tools/build_facts.hpp"
#include "explanations.hpp"
#include "wine.hpp"

#include <pollux/version.hpp>

#include <cstddef>
#include <thread>

#ifdef _WIN32
#include <windows.h>
#else
#include <sys/utsname.h>
#include <unistd.h>
#endif

namespace pollux::conformance {
Facts suite_facts() {
    return {{"suite", POLLUX_VERSION_STRING},
            {"contract", contract_version},
            {"compiler", tools::compiler()},
            {"standard_library", tools::standard_library()}};
}

Facts system_facts() {
    Facts facts;
#ifdef _WIN32
    OSVERSIONINFOW version{};
    version.dwOSVersionInfoSize = sizeof version;
    using Get = LONG(WINAPI*)(OSVERSIONINFOW*);
    // NOLINTNEXTLINE: GetVersionEx() reports the version that the manifest names
    const auto get =
        reinterpret_cast<Get>(reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ntdll"), "RtlGetVersion")));
    const bool is_known = get && get(&version) == 0;
    facts.emplace_back("kernel", is_known ? "Windows " + std::to_string(version.dwMajorVersion) + "." +
                                                std::to_string(version.dwMinorVersion) + "." +
                                                std::to_string(version.dwBuildNumber)
                                          : "Windows");
    facts.emplace_back("machine", sizeof(void*) == 8 ? "64-bit" : "32-bit");
    facts.emplace_back("libc", wine_version() ? "Wine " + std::string(wine_version()) : "Windows");
#else
    utsname system{};
    if (uname(&system) == 0) {
        facts.emplace_back("kernel", std::string(system.sysname) + " " + system.release);
        facts.emplace_back("machine", system.machine);
    }
#ifdef _CS_GNU_LIBC_VERSION
    std::string libc(confstr(_CS_GNU_LIBC_VERSION, nullptr, 0), '\0');
    if (!libc.empty()) {
        confstr(_CS_GNU_LIBC_VERSION, libc.data(), libc.size());
        libc.pop_back(); // the null byte
    }
    facts.emplace_back("libc", libc.empty() ? "unknown" : libc);
#else
    facts.emplace_back("libc", "of the system");
#endif
#endif
    facts.emplace_back("processors", std::to_string(std::thread::hardware_concurrency()));
    return facts;
}

std::string text_of(const Facts& facts) {
    std::string text;
    for (const auto& [name, fact] : facts) text += name + ": " + fact + "\n";
    return text;
}

} // namespace pollux::conformance
