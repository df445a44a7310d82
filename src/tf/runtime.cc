#include "tf/runtime.h"

#include <cpuid.h>
#include <fcntl.h>
#include <tensorflow/c/c_api.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

// absl::SetMinLogLevel of the Abseil inside TensorFlow's library, by its linker name, since the C
// API has no such call. Weak: where another TensorFlow has another Abseil, the lines stay.
extern "C" [[gnu::weak]] void TensorFlowSetMinLogLevel(int severity) __asm__(
    "_ZN4absl12lts_2025081414SetMinLogLevelENS0_18LogSeverityAtLeastE");

namespace {

// TensorFlow writes two lines about oneDNN while its library is loaded, whatever its settings. The
// functions under .preinit_array run before any library's initialisation, and the program's own
// constructors after all of it: in between standard error goes nowhere.
int g_standard_error = -1;

bool UserWantsLogs(char** environment) {
  for (; *environment != nullptr; ++environment) {
    if (std::string_view(*environment).starts_with("TF_CPP_MIN_LOG_LEVEL=")) return true;
  }
  return false;
}

void HideStandardError(int, char**, char** environment) {
  if (UserWantsLogs(environment)) return;
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) return;
  g_standard_error = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (g_standard_error >= 0) ::dup2(nowhere, STDERR_FILENO);
  ::close(nowhere);
}
[[gnu::section(".preinit_array"),
  gnu::used]] void (*const hide_standard_error)(int, char**, char**) = HideStandardError;

[[gnu::constructor]] void ShowStandardError() {
  if (g_standard_error < 0) return;
  ::dup2(g_standard_error, STDERR_FILENO);
  ::close(g_standard_error);
}

}  // namespace

namespace trainyard::tf {

std::string RuntimeVersion() { return TF_Version(); }

void QuietRuntimeLogs() {
  if (std::getenv("TF_CPP_MIN_LOG_LEVEL") != nullptr) return;
  // Too late for this process, which read it while loading the library, but not for its children.
  ::setenv("TF_CPP_MIN_LOG_LEVEL", "2", 0);
  constexpr int kErrors = 2;
  if (TensorFlowSetMinLogLevel != nullptr) TensorFlowSetMinLogLevel(kErrors);
}

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

}  // namespace trainyard::tf
