# SPDX-License-Identifier: BSL-1.0
from subject import Subject

SUBJECT = Subject(folder="core", library="libpollux.so.0.1", program="tests/loader/pollux-loader-linked-tests",
                  flags=('-DPOLLUX_PLUGIN_FOLDER="/nonexistent/pollux"',),
                  links=("-Wl,-soname,libpollux.so.0.1", "-ldl"))  # fmt: skip

LINKED = "src/linked_plugins.cpp"
OPEN = "src/open.cpp"

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    (LINKED, "take the second of two with one name", "std::ranges::reverse(all);", "", "Linked.the_first_of_a_name_counts"),
    (LINKED, "offer both of two with one name", "plugin.refusal.empty() && !names.insert(plugin.name).second", "false",
     "Linked.the_first_of_a_name_counts"),
    (LINKED, "adapt a plugin again for each call", "if (!kept) kept = std::move(adapted);",
     "static_cast<void>((kept = std::move(adapted)).release() && false);", "Linked.has_one_plugin_in_all_calls"),
    (LINKED, "forget all but the last that is linked in", "each; each = each->next_", "each; each = nullptr",
     "Linked.is_found_under_its_name"),
    (OPEN, "load a file of the same name as well",
     'if (plugin.refusal.empty()) first.emplace(plugin.name, "the plugin that is linked into the program");', "",
     "Linked.comes_before_a_file_of_its_name"),
    (OPEN, "let auto pass over what is linked in", "backend.described || backend.is_linked_in", "backend.described",
     "Linked.auto_takes_it_by_its_rank"),
    (OPEN, "do not list it as installed", "for (const auto& plugin : linked) names.insert(plugin.name);", "",
     "Linked.is_found_under_its_name"),
    ("src/candidates.cpp", "look only for files", "for (const auto& plugin : *linked_) {",
     "for (const auto& plugin : std::vector<FoundPlugin>()) {", "Linked.is_opened_by_its_name_with_options"),
    ("src/stack_list.cpp", "request it by its file", "plugin.is_linked_in ? plugin.name : element_of(plugin.file)",
     "element_of(plugin.file)", "Linked.is_found_under_its_name"),
]  # fmt: skip
