#include "spec/cluster_spec.h"

#include <fmt/format.h>

#include <vector>

namespace trainyard::spec {
namespace {

// Whether the indices are 0..n-1, so that the tasks can be written as a list.
bool IsDense(const std::map<int, std::string>& tasks) {
  return tasks.empty() ||
         (tasks.begin()->first == 0 && tasks.rbegin()->first == static_cast<int>(tasks.size()) - 1);
}

}  // namespace

int ClusterSpec::NumTasks(std::string_view job) const {
  const auto found = jobs.find(job);
  return found == jobs.end() ? 0 : static_cast<int>(found->second.size());
}

int ClusterSpec::NumTasks() const {
  int total = 0;
  for (const auto& [job, tasks] : jobs) total += static_cast<int>(tasks.size());
  return total;
}

const std::string* ClusterSpec::Find(std::string_view job, int index) const {
  const auto found = jobs.find(job);
  if (found == jobs.end()) return nullptr;
  const auto task = found->second.find(index);
  return task == found->second.end() ? nullptr : &task->second;
}

std::string ClusterSpec::ToString() const {
  std::vector<std::string> items;
  for (const auto& [job, tasks] : jobs) {
    const bool dense = IsDense(tasks);
    std::vector<std::string> addresses;
    for (const auto& [index, address] : tasks) {
      addresses.push_back(dense ? fmt::format("'{}'", address)
                                : fmt::format("{}: '{}'", index, address));
    }
    items.push_back(fmt::format("'{}': {}{}{}", job, dense ? "[" : "{", fmt::join(addresses, ", "),
                                dense ? "]" : "}"));
  }
  return fmt::format("ClusterSpec({{{}}})", fmt::join(items, "; "));
}

}  // namespace trainyard::spec
