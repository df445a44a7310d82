#include "tf/runtime.h"

#include <cpuid.h>
#include <tensorflow/c/c_api.h>

#include <cstdlib>

namespace trainyard::tf {

std::string RuntimeVersion() { return TF_Version(); }

bool HasFastBfloat16() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  constexpr unsigned kAvx512Bf16 = 1u << 5;  // leaf 7, subleaf 1, EAX
  constexpr unsigned kAmxBf16 = 1u << 22;    // leaf 7, subleaf 0, EDX
  if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & kAvx512Bf16) != 0) return true;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & kAmxBf16) != 0;
}

void UseSystemAllocator() { setenv("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "true", 0); }

}  // namespace trainyard::tf
