// SPDX-License-Identifier: BSL-1.0
// explain <backend> [folder...]: prints the diagnostic of a choice. Run set-uid by the tests.
#include <pollux/open.hpp>

#include <iostream>

int main(int argc, char** argv) {
    pollux::Request request;
    if (argc > 1) request.backend = argv[1];
    for (int i = 2; i < argc; ++i) request.folders.emplace_back(argv[i]);
    const auto choice = pollux::explain(request);
    std::cout << choice.text() << '\n';
    for (const auto& folder : choice.folders) std::cout << "  searched: " << folder.string() << '\n';
    return choice.backend ? 0 : 1;
}
