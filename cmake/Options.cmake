# Language level, warnings and sanitizers for all of our own code.
option(TRAINYARD_WERROR "Treat warnings as errors" OFF)
option(TRAINYARD_BUILD_TESTS "Build unit and end-to-end tests" ON)
option(TRAINYARD_BUILD_BENCHMARKS "Build the programs in bench/" ON)
option(TRAINYARD_FUZZ "Build the libFuzzer programs (needs clang)" OFF)
set(TRAINYARD_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")
set(TRAINYARD_BIN_DIR "${CMAKE_BINARY_DIR}/bin" CACHE PATH "Where programs are put")
set(TRAINYARD_DEPS_DIR "${PROJECT_SOURCE_DIR}/.deps" CACHE PATH "What tools/setup.sh fetched")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${TRAINYARD_BIN_DIR})
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # By paths relative to the source, so that what one clone has compiled is there for the next.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
                                  CCACHE_NOHASHDIR=true ${CCACHE})
endif()

add_library(trainyard_flags INTERFACE)
target_compile_options(trainyard_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  # Designated initializers leave out what has a default; g++ 12 warns about it all the same.
  -Wno-missing-field-initializers
  -Wno-restrict  # false alarms about std::string in g++ 12 (its bug 105651)
                                                 $<$<BOOL:${TRAINYARD_WERROR}>:-Werror>)
if(TRAINYARD_SANITIZE)
  target_compile_options(trainyard_flags INTERFACE -fsanitize=${TRAINYARD_SANITIZE}
                                                   -fno-omit-frame-pointer)
  target_link_options(trainyard_flags INTERFACE -fsanitize=${TRAINYARD_SANITIZE})
  target_compile_definitions(trainyard_flags INTERFACE TRAINYARD_SANITIZED)
  # gcc's sanitizers produce false warnings about values it can no longer follow.
  target_compile_options(trainyard_flags INTERFACE -Wno-maybe-uninitialized)
  # Boost.Asio has fences, which the thread sanitizer does not follow: it can only see too much.
  target_compile_options(trainyard_flags INTERFACE -Wno-tsan)
endif()
if(TRAINYARD_FUZZ)
  target_compile_options(trainyard_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
