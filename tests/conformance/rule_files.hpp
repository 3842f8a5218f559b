// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Each file of rules defines one of these functions, and the runner calls all of them: a linker takes from a static
/// library only the object files that are referenced.
namespace pollux::conformance {

void link_adding_rules();
void link_buffer_rules();
void link_changing_rules();
void link_clock_rules();
void link_connecting_rules();
void link_declarations_rules();
void link_ends_rules();
void link_files_rules();
void link_leaks_rules();
void link_modes_rules();
#ifndef _WIN32
void link_descriptor_rules();
void link_fork_rules();
void link_numbers_rules();
void link_own_descriptors_rules();
void link_posix_rules();
void link_signals_rules();
void link_surroundings_rules();
#endif
#ifdef __linux__
void link_sequences_rules();
void link_table_rules();
#endif
void link_resources_rules();
void link_room_rules();
void link_seam_rules();
void link_threads_rules();
void link_time_rules();
void link_waits_rules();
void link_waking_rules();

} // namespace pollux::conformance
