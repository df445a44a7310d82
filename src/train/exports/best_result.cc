#include "train/exports/best_result.h"

#include <cstdlib>
#include <sstream>

#include "base/files.h"

namespace trainyard::train {
namespace {

std::string PathIn(const std::string& directory) {
  return JoinPath(directory, "best_eval_result.txt");
}

}  // namespace

Result<std::optional<std::map<std::string, double>>> ReadBestResult(const std::string& directory) {
  const Result<std::string> text = ReadFile(PathIn(directory));
  if (text.status().code() == StatusCode::kNotFound) return std::nullopt;
  if (!text.ok()) return text.status();
  std::map<std::string, double> metrics;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    char* end = nullptr;
    const double value = std::strtod(line.c_str(), &end);
    if (end == line.c_str() || *end != ' ' || end[1] == '\0') {
      return DataLossError("{}: not a value and a name: \"{}\"; remove the file to start anew",
                           PathIn(directory), line);
    }
    metrics[end + 1] = value;
  }
  return metrics;
}

Status WriteBestResult(const std::string& directory, const std::map<std::string, double>& metrics) {
  std::string text;
  for (const auto& [name, value] : metrics) text += fmt::format("{:.17g} {}\n", value, name);
  return WriteFileAtomically(PathIn(directory), text);
}

}  // namespace trainyard::train
