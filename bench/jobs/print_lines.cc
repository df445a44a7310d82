// A chatty replica: print_lines COUNT writes that many numbered lines of 100 bytes, as fast as the
// other side takes them.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

constexpr size_t kLine = 100;
constexpr size_t kLines = 655;  // per write: a little less than 64 KiB

void Number(char* digits, int64_t value) {
  for (int i = 9; i >= 0; --i, value /= 10) digits[i] = static_cast<char>('0' + value % 10);
}

bool WriteAll(const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t count = write(STDOUT_FILENO, bytes, size);
    if (count <= 0) return false;
    bytes += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t count = argc > 1 ? std::atoll(argv[1]) : 1000;
  static char block[kLine * kLines];
  std::memset(block, 'x', sizeof(block));
  for (size_t i = 0; i < kLines; ++i) {
    block[i * kLine + 10] = ' ';
    block[i * kLine + kLine - 1] = '\n';
  }
  for (int64_t line = 0; line < count;) {
    size_t filled = 0;
    for (; filled < kLines && line < count; ++filled, ++line) Number(block + filled * kLine, line);
    if (!WriteAll(block, filled * kLine)) return 1;
  }
}
