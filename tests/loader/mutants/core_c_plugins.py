# SPDX-License-Identifier: BSL-1.0
from subject import Subject

SUBJECT = Subject(folder="core", library="libpollux.so.0.1", program="tests/loader/c_plugins/pollux-loader-c-tests",
                  flags=('-DPOLLUX_PLUGIN_FOLDER="/nonexistent/pollux"',),
                  links=("-Wl,-soname,libpollux.so.0.1", "-ldl"))  # fmt: skip

ADAPTER = "src/c_plugin.cpp"
ADAPTED = "src/adapted_plugin.cpp"
VALIDATION = "src/plugin_validation.cpp"

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    (ADAPTER, "leave the watch unchecked", "if (const auto error = toolkit::validate(watch, *capabilities_)) return error;",
     "", "CSelector.receives_no_watch_that_its_capabilities_exclude"),
    (ADAPTER, "pass hints on", "(watch.interest & promises)", "(watch.interest)",
     "CSelector.receives_watches_without_hints"),
    (ADAPTER, "report more events than the buffer has", "result == 0 && count <= buffer.size()", "result == 0",
     "CSelector.fails_if_it_counts_more_events_than_there_is_room_for"),
    (ADAPTER, "pass an empty buffer on", "if (buffer.empty()) {", "if (false) {", "CSelector.refuses_an_empty_buffer"),
    (ADAPTER, "pass a negative timeout on", "std::max<std::int64_t>(timeout->count(), 0)", "timeout->count()",
     "CSelector.receives_timeouts_in_nanoseconds"),
    (ADAPTER, "change watches in a forked child", "if (!owner_.is_current()) return other_process();", "",
     "CSelector.receives_no_call_in_a_forked_child_but_destroy"),
    (ADAPTER, "wait in a forked child", "} else if (!owner_.is_current()) {", "} else if (false) {",
     "CSelector.receives_no_call_in_a_forked_child_but_destroy"),
    (ADAPTER, "destroy in a forked child as in its parent", "owner_.is_current() ? 0 : 1", "0",
     "CSelector.receives_no_call_in_a_forked_child_but_destroy"),
    (ADAPTER, "destroy what was not opened", "is_open_ = error == 0;", "is_open_ = true;",
     "CSelector.is_not_destroyed_if_it_was_not_opened"),
    (ADAPTER, "leave a reason null", 'reason ? reason : ""', "reason",
     "CSelector.has_the_capabilities_of_the_plugin"),
    (ADAPTER, "take a freedom that was left out as unsupported", "if (support == POLLUX_UNSUPPORTED && !reason) continue;",
     "", "CSelector.has_all_freedoms_that_the_plugin_leaves_out"),
    (ADAPTER, "read freedoms beyond the size of the structure",
     "std::min<std::size_t>(capabilities.size, sizeof copy)", "sizeof copy",
     "CSelector.has_all_freedoms_that_the_plugin_leaves_out"),
    (ADAPTER, "ignore the highest source", "if (!capabilities.any_number) capabilities", "if (false) capabilities",
     "CSelector.has_the_freedoms_that_the_plugin_declares"),
    (ADAPTER, "take the highest source that was left out", "if (!capabilities.any_number) capabilities", "capabilities",
     "CSelector.has_all_freedoms_that_the_plugin_leaves_out"),
    (ADAPTER, "accept a support that is unknown", "if (support > POLLUX_NATIVE)", "if (false)", "CRefusal.capabilities"),
    (ADAPTER, "accept a resolution of zero", "timeout_resolution <= 0", "timeout_resolution < 0",
     "CRefusal.capabilities"),
    (VALIDATION, "accept a file that describes another face", "if (plugin.abi != abi) return", "if (false) return",
     "CRefusal.differs_from_the_description"),
    (VALIDATION, "load a layer with the C interface", "if (is_c && plugin.kind == PluginKind::layer)", "if (false)",
     "CRefusal.layer"),
    (ADAPTED, "read the ABI of a plugin that is too short", "size >= sizeof(Head) && abi &&", "abi &&",
     "CRefusal.size_without_the_abi"),
    (VALIDATION, "call a C plugin of another machine a short one",
     "if (has_abi && (!plugin.abi || std::strcmp(plugin.abi, abi_tag) != 0)) return other_abi(plugin.abi);", "",
     "CRefusal.other_abi"),
]  # fmt: skip
