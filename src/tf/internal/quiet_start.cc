// A quiet start. While TensorFlow's libraries are being initialised, before main, they print two
// lines about oneDNN that no setting turns off; and their log level is read then, too early for a
// setenv in main. Both are mended here, in every program that links tf/:
//
// - what goes to standard error during that tenth of a second is dropped;
// - TF_CPP_MIN_LOG_LEVEL, if it is not set, reads as "2": warnings and errors of TensorFlow reach
// us
//   as Status, and we say them in our own words.
//
// A user who sets TF_CPP_MIN_LOG_LEVEL=0 gets everything.

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "tf/runtime.h"

namespace trainyard::tf {
namespace {

constexpr char kLevelVariable[] = "TF_CPP_MIN_LOG_LEVEL";
int g_real_stderr = -1;

const char* Find(char** environment, const char* name) {
  const size_t length = std::strlen(name);
  for (char** entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
      return *entry + length + 1;
    }
  }
  return nullptr;
}

// Runs before the constructors of all shared libraries, so it may use system calls only.
void HushStandardError(int /*argc*/, char** /*argv*/, char** environment) {
  const char* level = Find(environment, kLevelVariable);
  if (level != nullptr && level[0] == '0') return;
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null < 0) return;
  g_real_stderr = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (g_real_stderr >= 0) ::dup2(null, STDERR_FILENO);
  ::close(null);
}
[[gnu::section(".preinit_array"), gnu::used]] void (*const g_hush)(int, char**,
                                                                   char**) = HushStandardError;

// Runs after them.
[[gnu::constructor]] void RestoreStandardError() {
  if (g_real_stderr < 0) return;
  ::dup2(g_real_stderr, STDERR_FILENO);
  ::close(g_real_stderr);
}

}  // namespace

void LinkQuietStart() {}

}  // namespace trainyard::tf

// Seen by TensorFlow's libraries in place of the C library's (cmake/program.map exports it).
extern "C" [[gnu::visibility("default")]] char* getenv(const char* name) noexcept {
  static char quiet[] = "3";
  const char* value = trainyard::tf::Find(environ, name);
  if (value == nullptr && std::strcmp(name, trainyard::tf::kLevelVariable) == 0) return quiet;
  return const_cast<char*>(value);
}
