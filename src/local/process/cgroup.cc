#include "local/process/cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/files.h"

namespace trainyard::local {
namespace {

constexpr int kPeriodMicros = 100'000;    // as Kubernetes
constexpr double kSmallestQuota = 1'000;  // microseconds; the kernel takes no less
// A killed process takes a moment to leave its group.
constexpr auto kLeavePatience = std::chrono::seconds(2);

std::vector<std::string_view> SplitAt(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

bool Contains(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// mountinfo writes a blank as \040.
std::string Unescape(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 4], code, 8).ptr == &text[i + 4]) {
      result += static_cast<char>(code);
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

// The path of this process's group in the tree whose controllers are `controllers` ("" for v2).
std::string_view OwnPath(std::string_view self_cgroup, std::string_view controller) {
  for (const std::string_view line : SplitAt(self_cgroup, '\n')) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view listed = line.substr(first + 1, second - first - 1);
    const bool is_it =
        controller.empty() ? listed.empty() : Contains(SplitAt(listed, ','), controller);
    if (is_it) return line.substr(second + 1);
  }
  return "/";
}

// Where the group `path` is seen below a mount that shows the tree from `root` on.
std::string Directory(const std::string& mount_point, std::string_view root,
                      std::string_view path) {
  if (root != "/" && path.starts_with(root)) path.remove_prefix(root.size());
  while (path.starts_with('/')) path.remove_prefix(1);
  return path.empty() ? mount_point : mount_point + '/' + std::string(path);
}

Status WriteValue(const std::string& path, const std::string& value) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool is_written =
      file >= 0 && write(file, value.data(), value.size()) == static_cast<ssize_t>(value.size());
  const int error = errno;
  if (file >= 0) close(file);
  return is_written ? OkStatus() : ErrnoError(error, "cannot write {} to {}", value, path);
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  for (const std::string_view line : SplitAt(text, '\n')) {
    for (const std::string_view word : SplitAt(line, ' ')) words.push_back(word);
  }
  return words;
}

// The number after `name` on a line of its own; 0 if it is not there.
int64_t Counter(const std::string& path, std::string_view name) {
  const std::string text = ReadFile(path).value_or("");
  for (const std::string_view line : SplitAt(text, '\n')) {
    const auto words = SplitAt(line, ' ');
    if (words.size() < 2 || words[0] != name) continue;
    int64_t value = 0;
    std::from_chars(words[1].data(), words[1].data() + words[1].size(), value);
    return value;
  }
  return 0;
}

// Sets what `group` is responsible for. Its directory is there.
Status SetLimits(const CgroupTree& group, const spec::ResourceLimits& limits) {
  const auto file = [&](const char* name) { return JoinPath(group.directory, name); };
  if (group.has_memory && limits.memory_bytes) {
    const std::string bytes = std::to_string(*limits.memory_bytes);
    RETURN_IF_ERROR(WriteValue(file(group.is_v2 ? "memory.max" : "memory.limit_in_bytes"), bytes));
    // No swap beyond the limit, and all of the replica dies together, as a container does. Kernels
    // without these files are content with the limit.
    if (group.is_v2) {
      (void)WriteValue(file("memory.swap.max"), "0");
      (void)WriteValue(file("memory.oom.group"), "1");
    } else {
      (void)WriteValue(file("memory.memsw.limit_in_bytes"), bytes);
    }
  }
  if (group.has_cpu && limits.cpu) {
    const auto quota =
        static_cast<int64_t>(std::max(std::round(*limits.cpu * kPeriodMicros), kSmallestQuota));
    if (group.is_v2) return WriteValue(file("cpu.max"), fmt::format("{} {}", quota, kPeriodMicros));
    RETURN_IF_ERROR(WriteValue(file("cpu.cfs_period_us"), std::to_string(kPeriodMicros)));
    const Status set = WriteValue(file("cpu.cfs_quota_us"), std::to_string(quota));
    // More than this process itself may have, whose limit then holds.
    if (!set.ok() && set.code() != StatusCode::kInvalidArgument) return set;
  }
  return OkStatus();
}

std::string ParentOf(const std::string& directory) {
  return directory.substr(0, directory.rfind('/'));
}

bool IsGroup(const std::string& directory) {
  return PathExists(JoinPath(directory, "cgroup.subtree_control"));
}

// Of version 2; the root group has no such files.
bool HasLimits(const std::string& directory) {
  return !ReadFile(JoinPath(directory, "memory.max")).value_or("max").starts_with("max") ||
         !ReadFile(JoinPath(directory, "cpu.max")).value_or("max").starts_with("max");
}

// Version 2 gives the controllers to a group's children only on request, and refuses while the
// group itself has processes, unless it is the root.
Status EnableControllers(CgroupTree* tree) {
  const std::string control = JoinPath(tree->directory, "cgroup.subtree_control");
  const std::string available =
      ReadFile(JoinPath(tree->directory, "cgroup.controllers")).value_or("");
  Status status;
  for (const auto& [name, has] :
       {std::pair{"memory", &tree->has_memory}, {"cpu", &tree->has_cpu}}) {
    if (!Contains(Words(available), name)) continue;
    const std::string enabled = ReadFile(control).value_or("");
    if (!Contains(Words(enabled), name)) {
      const Status enabling = WriteValue(control, std::string("+") + name);
      if (!enabling.ok()) status = enabling;
      *has = enabling.ok();
    } else {
      *has = true;
    }
  }
  return status;
}

// Whether a group with limits can be made below the tree's directory.
Status TryToMakeGroup(const CgroupTree& tree) {
  static std::atomic<int> count = 0;
  CgroupTree probe = tree;
  probe.directory =
      JoinPath(tree.directory, fmt::format("trainyard-probe-{}-{}", getpid(), ++count));
  if (mkdir(probe.directory.c_str(), 0755) != 0) {
    return ErrnoError(errno, "cannot make a control group in {}", tree.directory);
  }
  const Status status = SetLimits(probe, {.cpu = 0.01, .memory_bytes = int64_t{1} << 30});
  rmdir(probe.directory.c_str());
  return status;
}

Status TryTree(CgroupTree* tree) {
  if (!tree->is_v2) return TryToMakeGroup(*tree);
  // A group with processes cannot have children with limits; its parent can. To go there means to
  // leave the group, which is fair as long as it has no limits.
  const std::string start = tree->directory;
  Status status;
  while (true) {
    status = EnableControllers(tree);
    if (tree->has_memory || tree->has_cpu) status = TryToMakeGroup(*tree);
    const bool can_be_left = !HasLimits(tree->directory) && IsGroup(ParentOf(tree->directory));
    if (status.ok() || !can_be_left) break;
    *tree = {.directory = ParentOf(tree->directory), .is_v2 = true};
  }
  if (status.ok() && !tree->has_memory && !tree->has_cpu) {
    return NotFoundError("the control group {} has neither memory nor cpu", start);
  }
  return status;
}

std::vector<pid_t> ProcessesIn(const std::string& directory) {
  std::vector<pid_t> pids;
  const std::string text = ReadFile(JoinPath(directory, "cgroup.procs")).value_or("");
  for (const std::string_view line : SplitAt(text, '\n')) {
    pid_t pid = 0;
    std::from_chars(line.data(), line.data() + line.size(), pid);
    if (pid > 0) pids.push_back(pid);
  }
  return pids;
}

void KillIn(const CgroupTree& group) {
  if (group.is_v2 && WriteValue(JoinPath(group.directory, "cgroup.kill"), "1").ok()) return;
  for (const pid_t pid : ProcessesIn(group.directory)) kill(pid, SIGKILL);
}

void KillAndRemove(const CgroupTree& group) {
  const auto deadline = std::chrono::steady_clock::now() + kLeavePatience;
  while (rmdir(group.directory.c_str()) != 0 && errno == EBUSY &&
         std::chrono::steady_clock::now() < deadline) {
    KillIn(group);
    poll(nullptr, 0, 1);
  }
}

}  // namespace

std::vector<CgroupTree> LocateCgroupTrees(std::string_view mountinfo,
                                          std::string_view self_cgroup) {
  std::vector<CgroupTree> trees;
  for (const std::string_view line : SplitAt(mountinfo, '\n')) {
    // id parent device root mount-point options ... - type source super-options
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto left = SplitAt(line.substr(0, dash), ' ');
    const auto right = SplitAt(line.substr(dash + 3), ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    const std::string root = Unescape(left[3]);
    const std::string mount_point = Unescape(left[4]);
    if (right[0] == "cgroup2") {
      trees.push_back(
          {.directory = Directory(mount_point, root, OwnPath(self_cgroup, "")), .is_v2 = true});
    } else if (right[0] == "cgroup") {
      const auto options = SplitAt(right[2], ',');
      CgroupTree tree{.has_memory = Contains(options, "memory"),
                      .has_cpu = Contains(options, "cpu")};
      if (!tree.has_memory && !tree.has_cpu) continue;
      const std::string_view path = OwnPath(self_cgroup, tree.has_memory ? "memory" : "cpu");
      tree.directory = Directory(mount_point, root, path);
      trees.push_back(std::move(tree));
    }
  }
  return trees;
}

CgroupTrees FindCgroupTrees() {
  CgroupTrees found;
  const std::string none = "this system has no such control group";
  found.why_no_memory = found.why_no_cpu = none;
  bool has_memory = false;
  bool has_cpu = false;
  for (CgroupTree& tree : LocateCgroupTrees(ReadFile("/proc/self/mountinfo").value_or(""),
                                            ReadFile("/proc/self/cgroup").value_or(""))) {
    const CgroupTree expected = tree;
    const Status status = TryTree(&tree);
    if (!status.ok()) {
      if (expected.has_memory || tree.is_v2) found.why_no_memory = status.message();
      if (expected.has_cpu || tree.is_v2) found.why_no_cpu = status.message();
      continue;
    }
    // One tree for each controller.
    tree.has_memory = tree.has_memory && !has_memory;
    tree.has_cpu = tree.has_cpu && !has_cpu;
    has_memory = has_memory || tree.has_memory;
    has_cpu = has_cpu || tree.has_cpu;
    if (tree.has_memory || tree.has_cpu) found.usable.push_back(tree);
  }
  if (has_memory) found.why_no_memory.clear();
  if (has_cpu) found.why_no_cpu.clear();
  return found;
}

Result<std::unique_ptr<Cgroup>> Cgroup::Create(const CgroupTrees& trees, const std::string& name,
                                               const spec::ResourceLimits& limits) {
  std::unique_ptr<Cgroup> result(new Cgroup());
  for (CgroupTree group : trees.usable) {
    const bool is_needed =
        (group.has_memory && limits.memory_bytes) || (group.has_cpu && limits.cpu);
    if (!is_needed) continue;
    group.directory = JoinPath(group.directory, name);
    if (mkdir(group.directory.c_str(), 0755) != 0 && errno != EEXIST) {
      return ErrnoError(errno, "cannot make the control group {}", group.directory);
    }
    result->groups_.push_back(group);
    RETURN_IF_ERROR(SetLimits(group, limits));
  }
  return result;
}

Cgroup::~Cgroup() {
  for (const CgroupTree& group : groups_) KillAndRemove(group);
}

std::vector<std::string> Cgroup::EntryFiles() const {
  std::vector<std::string> files;
  for (const CgroupTree& group : groups_)
    files.push_back(JoinPath(group.directory, "cgroup.procs"));
  return files;
}

bool Cgroup::HasRunOutOfMemory() const {
  return std::any_of(groups_.begin(), groups_.end(), [](const CgroupTree& group) {
    const char* file = group.is_v2 ? "memory.events" : "memory.oom_control";
    return group.has_memory && Counter(JoinPath(group.directory, file), "oom_kill") > 0;
  });
}

void Cgroup::Kill() const {
  for (const CgroupTree& group : groups_) KillIn(group);
}

void SweepCgroups(const CgroupTrees& trees, std::string_view prefix) {
  for (const CgroupTree& tree : trees.usable) {
    const Result<std::vector<std::string>> names = ListDirectory(tree.directory);
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      if (!name.starts_with(prefix)) continue;
      CgroupTree group = tree;
      group.directory = JoinPath(tree.directory, name);
      KillAndRemove(group);
    }
  }
}

}  // namespace trainyard::local
