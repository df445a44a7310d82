// Random job files, object files, Dockerfiles and TF_CONFIGs for libFuzzer; nothing may crash, hang
// or grow without bounds.
//
//   CXX=clang++-19 cmake --preset asan -B build/fuzz -DTRAINYARD_FUZZ=ON -DTRAINYARD_WERROR=OFF
//   cmake --build build/fuzz --target spec_fuzz && build/fuzz/test/spec_fuzz -max_total_time=60
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spec/dockerfile.h"
#include "spec/job_file.h"
#include "spec/objects.h"
#include "spec/tf_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (size > 0 && data[0] == '{') (void)trainyard::spec::ParseTfConfig(text);
  trainyard::spec::Objects objects;
  (void)trainyard::spec::AddObjects(text, "fuzz.yaml", &objects);
  (void)trainyard::spec::ParseJobFile(text, "fuzz.yaml");
  (void)trainyard::spec::ParseDockerfile(text, "Dockerfile");
  return 0;
}
