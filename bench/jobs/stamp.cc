// A replica that does nothing but say when it began: stamp FILE writes the monotonic clock, in
// nanoseconds, as its first act.
#include <cstdio>
#include <ctime>

int main(int argc, char** argv) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (argc != 2) return 2;
  std::FILE* file = std::fopen(argv[1], "w");
  if (file == nullptr) return 1;
  std::fprintf(file, "%lld", static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec);
  return std::fclose(file) == 0 ? 0 : 1;
}
