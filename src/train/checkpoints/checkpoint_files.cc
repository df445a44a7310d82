#include "train/checkpoints/checkpoint_files.h"

#include <algorithm>

namespace trainyard::train::internal {
namespace {

constexpr int64_t kBytesPerFile = 8 << 20;
constexpr int64_t kMostFiles = 4;

int64_t BytesOf(const Variable& variable) {
  int64_t elements = 1;
  for (const int64_t size : variable.shape) elements *= size;
  return elements * static_cast<int64_t>(tf::DataTypeSize(variable.dtype));
}

struct File {
  int64_t bytes = 0;
  std::vector<const Variable*> variables;
};

}  // namespace

std::vector<std::vector<const Variable*>> SplitIntoFiles(std::vector<const Variable*> variables) {
  int64_t bytes = 0;
  for (const Variable* variable : variables) bytes += BytesOf(*variable);
  const int64_t most = std::clamp<int64_t>(static_cast<int64_t>(variables.size()), 1, kMostFiles);
  std::vector<File> files(static_cast<size_t>(std::clamp<int64_t>(bytes / kBytesPerFile, 1, most)));
  // The largest first, each to where there is least.
  std::stable_sort(variables.begin(), variables.end(),
                   [](const Variable* a, const Variable* b) { return BytesOf(*a) > BytesOf(*b); });
  for (const Variable* variable : variables) {
    File& least = *std::min_element(files.begin(), files.end(),
                                    [](const File& a, const File& b) { return a.bytes < b.bytes; });
    least.bytes += BytesOf(*variable);
    least.variables.push_back(variable);
  }
  std::vector<std::vector<const Variable*>> lists;
  for (File& file : files) lists.push_back(std::move(file.variables));
  return lists;
}

}  // namespace trainyard::train::internal
