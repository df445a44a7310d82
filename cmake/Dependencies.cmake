# Third-party libraries, each as one target. tools/setup.sh installs them all.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(PNG REQUIRED)
find_package(CURL REQUIRED)
find_package(Gloo REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(Boost 1.81 REQUIRED)  # headers only: Asio and Beast

# TensorFlow: two shared libraries and the C headers, taken from the tensorflow-cpu wheel.
set(TENSORFLOW_DIR ${TRAINYARD_DEPS_DIR}/tensorflow)
if(NOT EXISTS ${TENSORFLOW_DIR}/lib/libtensorflow_cc.so.2)
  message(FATAL_ERROR "TensorFlow is not in ${TENSORFLOW_DIR}: run 'make setup' first")
endif()
add_library(tensorflow_framework SHARED IMPORTED)
set_target_properties(tensorflow_framework PROPERTIES
  IMPORTED_LOCATION ${TENSORFLOW_DIR}/lib/libtensorflow_framework.so.2)
add_library(tensorflow_c SHARED IMPORTED)
set_target_properties(tensorflow_c PROPERTIES
  IMPORTED_LOCATION ${TENSORFLOW_DIR}/lib/libtensorflow_cc.so.2)
target_include_directories(tensorflow_c SYSTEM INTERFACE ${TENSORFLOW_DIR}/include)
target_link_libraries(tensorflow_c INTERFACE tensorflow_framework)

# gRPC and protobuf, static: beside TensorFlow's exported copies of protobuf, Abseil and BoringSSL a
# dynamic second copy crashes at start, a static one with hidden symbols does not
# (docs/decisions/0002-one-process-two-protobufs.md).
pkg_check_modules(GRPC REQUIRED grpc++)
execute_process(COMMAND ${PKG_CONFIG_EXECUTABLE} --static --libs grpc++
                OUTPUT_VARIABLE grpc_static_libs OUTPUT_STRIP_TRAILING_WHITESPACE
                COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(grpc_static_libs UNIX_COMMAND "${grpc_static_libs}")
list(REMOVE_ITEM grpc_static_libs -lsystemd -pthread -ldl -lrt -lm)
list(REMOVE_DUPLICATES grpc_static_libs)
add_library(grpc_static INTERFACE)
target_link_libraries(grpc_static INTERFACE
  -Wl,-Bstatic -Wl,--start-group ${grpc_static_libs} -lprotobuf -Wl,--end-group -Wl,-Bdynamic
  Threads::Threads ${CMAKE_DL_LIBS} rt m)
if(TRAINYARD_SANITIZE MATCHES thread)
  # Where protobuf's headers see the thread sanitizer, maps have two members that its library lacks.
  target_compile_options(grpc_static INTERFACE -U__SANITIZE_THREAD__)
endif()
find_program(PROTOC protoc REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

if(TRAINYARD_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(TRAINYARD_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
