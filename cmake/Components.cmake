# add_component(NAME base HDRS a.h SRCS a.cc DEPS fmt::fmt TESTS a_test.cc TEST_DEPS ...)
#
# One static library trainyard_<NAME> (alias trainyard::<NAME>) from the calling folder, and one test
# program <NAME>_test from the files under TESTS. Includes are rooted at src/.
function(add_component)
  cmake_parse_arguments(ARG "" "NAME" "HDRS;SRCS;DEPS;PRIVATE_DEPS;TESTS;TEST_DEPS" ${ARGN})
  set(target trainyard_${ARG_NAME})
  add_library(${target} STATIC ${ARG_SRCS})
  add_library(trainyard::${ARG_NAME} ALIAS ${target})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src
                                  FILES ${ARG_HDRS})
  target_link_libraries(${target} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS} trainyard_flags)
  if(TRAINYARD_BUILD_TESTS AND ARG_TESTS)
    add_test_program(NAME ${ARG_NAME}_test SRCS ${ARG_TESTS} DEPS ${target} ${ARG_TEST_DEPS})
  endif()
endfunction()

# A GoogleTest program in build/<preset>/test, its cases listed one by one in ctest. With sanitizers
# the program is one test, or a few: to load TensorFlow under them takes longer than most cases.
function(add_test_program)
  cmake_parse_arguments(ARG "" "NAME" "SRCS;DEPS;LABELS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SRCS})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main
                                            trainyard_flags)
  finish_program(${ARG_NAME})
  set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  if(TRAINYARD_SANITIZE)
    list(LENGTH ARG_SRCS size)  # the longest begin first, and in parts
    math(EXPR parts "1 + ${size} / 40")
    set(launcher)
    if(TRAINYARD_SANITIZE MATCHES thread)
      set(launcher ${PROJECT_SOURCE_DIR}/tools/races.py)
    endif()
    foreach(part RANGE 1 ${parts})
      math(EXPR index "${part} - 1")
      add_test(NAME ${ARG_NAME}.${part}
        COMMAND ${launcher} $<TARGET_FILE:${ARG_NAME}> --gtest_brief=1)
      set_tests_properties(${ARG_NAME}.${part} PROPERTIES
        TIMEOUT 1800 COST ${size} LABELS "${ARG_LABELS}"
        ENVIRONMENT "GTEST_TOTAL_SHARDS=${parts};GTEST_SHARD_INDEX=${index}")
    endforeach()
    return()
  endif()
  include(GoogleTest)
  # TensorFlow's libraries may take long to come from a slow disk.
  gtest_discover_tests(${ARG_NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
                       PROPERTIES TIMEOUT 300 LABELS "${ARG_LABELS}")
endfunction()

# add_fuzz_targets(NAME kube SRCS testing/fuzz_targets.cc DEPS ...): what is to hold of any bytes that
# the folder's library reads (base/testing/fuzz.h). <NAME>_fuzz_test tries a little of it in ctest
# (label fuzz), and more of it in `make e2e` (e2e.fuzz_<NAME>); with TRAINYARD_FUZZ there is <NAME>_fuzz
# for libFuzzer, and the target `fuzz` for all.
function(add_fuzz_targets)
  cmake_parse_arguments(ARG "" "NAME" "SRCS;DEPS" ${ARGN})
  set(testing ${PROJECT_SOURCE_DIR}/src/base/testing)
  if(TRAINYARD_BUILD_TESTS)
    add_test_program(NAME ${ARG_NAME}_fuzz_test SRCS ${ARG_SRCS} ${testing}/fuzz.cc
                                                     ${testing}/fuzz_test.cc
                     DEPS trainyard_${ARG_NAME} ${ARG_DEPS} LABELS fuzz)
    add_test(NAME e2e.fuzz_${ARG_NAME} CONFIGURATIONS Long COMMAND ${ARG_NAME}_fuzz_test)
    set_tests_properties(e2e.fuzz_${ARG_NAME} PROPERTIES
      LABELS e2e_soak TIMEOUT 1500 ENVIRONMENT TRAINYARD_FUZZ_SECONDS=20)
  endif()
  if(TRAINYARD_FUZZ)
    set(program ${ARG_NAME}_fuzz)
    add_executable(${program} ${ARG_SRCS} ${testing}/fuzz.cc ${testing}/fuzz_main.cc)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${program} PRIVATE trainyard_${ARG_NAME} ${ARG_DEPS} trainyard_flags)
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
    if(NOT TARGET fuzz)
      add_custom_target(fuzz)
    endif()
    add_dependencies(fuzz ${program})
  endif()
endfunction()

# add_program(NAME trainyard SRCS main.cc DEPS ...): a program for people, in TRAINYARD_BIN_DIR.
function(add_program)
  cmake_parse_arguments(ARG "" "NAME" "SRCS;DEPS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SRCS})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_DEPS} trainyard_flags)
  finish_program(${ARG_NAME})
endfunction()

# What every executable needs: TensorFlow found beside the program or in .deps, and no symbol of ours
# or of a static library visible to it; the build fails if one is.
function(finish_program target)
  set_target_properties(${target} PROPERTIES
    BUILD_RPATH_USE_ORIGIN ON
    BUILD_RPATH "${TENSORFLOW_DIR}/lib"
    LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/program.map)
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/program.map
    -Wl,--gc-sections -Wl,--export-dynamic-symbol=bind -Wl,--export-dynamic-symbol=getenv)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${PROJECT_SOURCE_DIR}/tools/check_symbols.sh $<TARGET_FILE:${target}>)
endfunction()

# add_proto_library(NAME proto FILES a.proto ...): C++ messages and gRPC services, generated from
# proto/, as trainyard::<NAME>. Includes are rooted at proto/.
function(add_proto_library)
  cmake_parse_arguments(ARG "" "NAME" "FILES" ${ARGN})
  set(root ${PROJECT_SOURCE_DIR}/proto)
  set(generated ${CMAKE_BINARY_DIR}/proto)
  file(MAKE_DIRECTORY ${generated})
  set(sources)
  foreach(file ${ARG_FILES})
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    set(outputs ${generated}/${stem}.pb.cc ${generated}/${stem}.pb.h)
    set(plugin)
    file(STRINGS ${root}/${file} services REGEX "^service ")
    if(services)
      list(APPEND outputs ${generated}/${stem}.grpc.pb.cc ${generated}/${stem}.grpc.pb.h)
      set(plugin --grpc_out=${generated} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN})
    endif()
    add_custom_command(OUTPUT ${outputs}
      COMMAND ${PROTOC} -I${root} --cpp_out=${generated} ${plugin} ${root}/${file}
      DEPENDS ${root}/${file} VERBATIM)
    list(APPEND sources ${outputs})
  endforeach()
  list(FILTER sources INCLUDE REGEX "\\.cc$")
  add_library(trainyard_${ARG_NAME} STATIC ${sources})
  add_library(trainyard::${ARG_NAME} ALIAS trainyard_${ARG_NAME})
  target_include_directories(trainyard_${ARG_NAME} SYSTEM PUBLIC ${generated})
  if(TRAINYARD_SANITIZE)
    target_compile_options(trainyard_${ARG_NAME} PRIVATE -fsanitize=${TRAINYARD_SANITIZE})
  endif()
  target_link_libraries(trainyard_${ARG_NAME} PUBLIC grpc_static)
endfunction()
