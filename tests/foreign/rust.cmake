# SPDX-License-Identifier: BSL-1.0
# Plugins of libraries in Rust. Debian's packages install these as sources, so cargo needs no network.
include_guard(GLOBAL)
find_program(CARGO cargo DOC "Rust's cargo, for tests/foreign")
set(POLLUX_CRATES /usr/share/cargo/registry CACHE PATH "The folder of Debian's crates, for tests/foreign")

# pollux_add_foreign_crate(CRATE VERSION [FEATURES ...] [FOUND ...]): builds libpollux-CRATE.so of CRATE.rs, as the target
# pollux-CRATE, and the programs found/FOUND.rs; tests the first with the suite, and that each of the others still shows
# its defect. Does nothing without cargo or the crate.
function(pollux_add_foreign_crate crate version)
  cmake_parse_arguments(PARSE_ARGV 2 crate "" "" "FEATURES;FOUND")
  set(manifest "${POLLUX_CRATES}/${crate}-${version}/Cargo.toml")
  if(NOT CARGO OR CMAKE_CROSSCOMPILING OR NOT EXISTS "${manifest}")
    message(STATUS "tests/foreign/${crate} is not built: it needs cargo and librust-${crate}-dev ${version}")
    return()
  endif()
  set(folder "${CMAKE_CURRENT_BINARY_DIR}")
  set(file "${folder}/libpollux-${crate}.so")
  set(foreign "${CMAKE_CURRENT_FUNCTION_LIST_DIR}")
  set(rust "${PROJECT_SOURCE_DIR}/examples/rust_plugin")
  set(sources "${CMAKE_CURRENT_SOURCE_DIR}/${crate}.rs" "${rust}/functions.rs" "${rust}/interface.rs")
  set(programs)
  foreach(program IN LISTS crate_FOUND)
    list(APPEND sources "${foreign}/found/${program}.rs")
    string(APPEND programs "\n[[bin]]\nname = \"${program}\"\npath = \"${foreign}/found/${program}.rs\"\n")
  endforeach()
  list(TRANSFORM crate_FEATURES REPLACE ".+" "\"\\0\"" OUTPUT_VARIABLE features)
  list(JOIN features ", " features)
  configure_file("${foreign}/rust.toml.in" "${folder}/Cargo.toml" @ONLY)
  add_custom_command(OUTPUT "${file}"
    COMMAND "${CMAKE_COMMAND}" -E env "CARGO_HOME=${folder}/cargo" "${CARGO}" build --release --offline --quiet
      --config "source.crates-io.replace-with='debian'" --config "source.debian.directory='${POLLUX_CRATES}'"
      --manifest-path "${folder}/Cargo.toml" --target-dir "${folder}/target"
    COMMAND "${CMAKE_COMMAND}" -E copy "${folder}/target/release/libpollux_${crate}.so" "${file}"
    DEPENDS ${sources} "${folder}/Cargo.toml" "${manifest}" COMMENT "Compiling libpollux-${crate}.so" VERBATIM)
  add_custom_target(pollux-${crate} ALL DEPENDS "${file}")
  # ThreadSanitizer does not see the locks of a plugin in Rust.
  if(NOT "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_DEBUG}" MATCHES "-fsanitize=thread")
    add_judgement(${crate} "${file}")
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME architecture.exports_of_${crate}
    COMMAND ${Python3_EXECUTABLE} "${PROJECT_SOURCE_DIR}/tests/architecture/check.py" exports_of_c
      "${CMAKE_NM}" "${CMAKE_READELF}" "${folder}")
  foreach(program IN LISTS crate_FOUND)
    add_test(NAME foreign.found.${program} COMMAND "${folder}/target/release/${program}")
    set_tests_properties(foreign.found.${program} PROPERTIES TIMEOUT 60)
  endforeach()
endfunction()
