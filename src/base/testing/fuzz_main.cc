// The fuzz targets of a folder for libFuzzer.
//
// usage: kube_fuzz [TARGET [CORPUS_DIRECTORY...] [-max_total_time=60 ...]]
//
// Without a target, lists them. tools/fuzz.sh builds and runs them all.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/testing/fuzz.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

// libFuzzer has functions only, no object to keep it in.
trainyard::FuzzTarget target;
char no_slow_growth[] = "-len_control=0";  // so that seeds are not cut off in the beginning

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const std::vector<trainyard::FuzzTarget> targets = trainyard::FuzzTargets();
  if (*argc < 2) {
    for (const auto& known : targets) std::puts(known.name.c_str());
    std::exit(0);
  }
  for (const auto& known : targets) {
    if (known.name == (*argv)[1]) target = known;
  }
  if (target.name.empty()) {
    std::fprintf(stderr, "no target %s; without arguments, they are listed\n", (*argv)[1]);
    std::exit(2);
  }
  (*argv)[1] = no_slow_growth;
  return 0;
}

// Now and then begins again with a seed, so that no files with them are needed.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int random) {
  if (!target.seeds.empty() && (size <= 1 || random % 64 == 0)) {
    const std::string& seed = target.seeds[random / 64 % target.seeds.size()];
    size = std::min(seed.size(), max_size);
    std::memcpy(data, seed.data(), size);
  }
  return LLVMFuzzerMutate(data, size, max_size);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const trainyard::Status status =
      target.check(std::string_view(reinterpret_cast<const char*>(data), size));
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", target.name.c_str(), status.ToString().c_str());
  std::abort();
}
