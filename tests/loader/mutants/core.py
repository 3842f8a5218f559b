# SPDX-License-Identifier: BSL-1.0
from subject import Subject

SUBJECT = Subject(folder="core", library="libpollux.so.0.1", program="tests/loader/pollux-loader-tests",
                  flags=('-DPOLLUX_PLUGIN_FOLDER="/nonexistent/pollux"',),
                  links=("-Wl,-soname,libpollux.so.0.1", "-ldl"))  # fmt: skip

ESCAPED = "src/escaped.cpp"
FILES = "src/file_system.cpp"
LIBRARY = "src/library.cpp"
ADAPTED = "src/adapted_plugin.cpp"
VALIDATION = "src/plugin_validation.cpp"
OPEN = "src/open.cpp"
OPENER = "src/opener.cpp"
CHOICE = "src/choice.cpp"
FOUND = "src/found_plugin.cpp"
PLUGIN = "src/plugin_file.cpp"
SEARCH = "src/search.cpp"

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    (OPEN, "load all plugins to find the first", "all_of(linked, files, privileged, describe);\n    std::erase_if",
     "all_of(linked, files, privileged, load);\n    std::erase_if", "Description.auto_loads_the_one_that_it_opens_and_no_other"),
    (OPENER, "ask for no need", "if (!(needs.*needed) || capability) continue;", "continue;",
     "NeedsOf.named_backend_is_refused_with_its_reason"),
    (OPEN, "try what does not describe itself", "backend.refusal.empty() && (backend.described || backend.is_linked_in);",
     "backend.refusal.empty();", "Description.plugin_without_one_is_passed_over_and_can_be_requested"),
    (PLUGIN, "believe the table of sections", "if (header_.e_shnum != 0 && !has(", "if (false && !has(",
     "Elf.file_that_was_cut_off_is_refused_at_each_length"),
    (PLUGIN, "add sizes that overflow", "return offset <= file_->size() && count <= file_->size() - offset;",
     "return offset + count <= file_->size();", "Elf.headers_that_point_behind_the_end"),
    (VALIDATION, "take a kind that is not known for a backend",
     "    if (plugin.kind != PluginKind::backend && plugin.kind != PluginKind::layer) return unknown_kind(plugin.kind);\n"
     "    const bool is_c", "    const bool is_c", "Description.of_an_unknown_kind_is_refused"),
    (ADAPTED, "take a layer for a backend",
     "found.is_layer = declared.kind == PluginKind::layer;", "found.is_layer = false;",
     "StackOf.a_layer_in_place_of_a_backend_is_refused_and_the_reverse"),
    (VALIDATION, "take two standard libraries for one", "if (plugin.generic_category != &std::generic_category())",
     "if (false)", "Refusal.another_standard_library"),
    (OPENER, "ignore options that are unknown", "if (known == plugin.options.end())", "if (false)",
     "StackOf.unknown_options_are_refused_with_the_known_ones"),
    (OPEN, "leave out the layers of the environment", "auto all_layers = outer_layers;",
     "std::vector<FoundPlugin> all_layers;", "StackOf.layers_of_the_environment_are_around_all"),
    (OPENER, "open the layers from the outside",
     "for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer)",
     "for (auto layer = layers.begin(); layer != layers.end(); ++layer)",
     "StackOf.layers_are_opened_from_the_inside"),
    (OPENER, "compare the needs with the backend alone", "if (!layers.empty())", "if (false)",
     "StackOf.needs_are_those_of_the_whole_stack"),
    (CHOICE, "open another Selector without its layers", "for (auto layer = layers.rbegin(); selector",
     "for (auto layer = layers.rend(); selector", "StackOf.layers_are_around_a_backend"),
    (FOUND, "keep a layer that has left its inner Selector", "if (inner && *inner) return refuse(", "if (false) return refuse(",
     "HostileFacts.layer_that_leaves_its_inner_selector_is_refused"),
    (VALIDATION, "read capabilities that are too small", "if (capabilities->size >= least_size) return {};", "return {};",
     "HostileFacts.capabilities_that_are_too_small"),
    (VALIDATION, "read a million options", "if (plugin.option_count > most_options)", "if (false)",
     "HostileFacts.more_options_than_a_plugin_may_have"),
    (FOUND, "pass the defaults of options", "option.value.c_str()", "option.default_value.c_str()",
     "StackOf.options_have_the_values_that_were_given"),
    (VALIDATION, "let file and plugin drift apart", "if (plugin.rank != described.rank)", "if (false)",
     "Description.disagrees_with_the_plugin"),
    (LIBRARY, "wait for the load that asks", "RecursiveMutex mutex_;", "Mutex mutex_;",
     "Unrequested.constructor_that_opens_backends_receives_an_error"),
    (FILES, "check the folder of the file alone", "} else if (others_can_replace_in(folder_status_)) {",
     "} else if (false) {", "Trusted.each_folder_up_to_the_root_is_checked"),
    (FILES, "follow the links of others", "if (!owner_is_trusted(status)) return", "if (false) return",
     "Trusted.link_leads_to_what_is_checked"),
    (FILES, "load by the path", "    if (is_there) return path;", "    if (is_there) return path_;",
     "Trusted.what_was_checked_is_what_is_loaded"),
    (FILES, "load by the number of a descriptor alone", "std::string(1 + calls++, '/')", "std::string(1 + 0 * calls, '/')",
     "Trusted.descriptor_of_another_file_is_another_plugin"),
    (FILES, "take any /proc", "static_cast<long>(system.f_type) == proc_magic &&\n", "",
     "Trusted.without_proc_nothing_is_loaded"),
    (SEARCH, "compare each folder with all", "if (known.insert(identity_of(plain)).second)",
     "if (std::ranges::none_of(path.folders, [&](const auto& each) { std::error_code error; "
     "return each == plain || fs::equivalent(each, plain, error); }))",
     "SearchCalls.grow_with_the_number_of_folders"),
    (ESCAPED, "print what controls a terminal", "if (character.is_harmless()) {", "if (character.size != 0) {",
     "Escaping.each_byte"),
    (ESCAPED, "take overlong forms for characters", "if (code < least[size] || ", "if (", "Escaping.each_byte"),
    (CHOICE, "print what was requested as it is", 'std::string quoted = "\\"" + escaped(requested)',
     'std::string quoted = "\\"" + requested', "Escaping.invalid_value"),
]
