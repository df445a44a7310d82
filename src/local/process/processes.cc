#include "local/process/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>

namespace trainyard::local {
namespace {

// /proc files report no size; base's ReadFile is for files that may fail with a message.
std::string ReadProc(pid_t pid, const char* name) {
  char path[64];
  std::snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  std::string content;
  if (fd < 0) return content;
  char buffer[4096];
  ssize_t count = 0;
  while ((count = read(fd, buffer, sizeof(buffer))) > 0) {
    content.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  return content;
}

}  // namespace

std::map<pid_t, ProcessInfo> ListProcesses() {
  std::map<pid_t, ProcessInfo> processes;
  DIR* directory = opendir("/proc");
  if (directory == nullptr) return processes;
  while (const dirent* entry = readdir(directory)) {
    pid_t pid = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, pid).ptr != end) continue;
    const std::string stat = ReadProc(pid, "stat");
    // pid (name) state ppid pgrp session ...; the name may hold blanks and brackets.
    const size_t bracket = stat.rfind(')');
    if (bracket == std::string::npos) continue;
    char state = 0;
    int parent = 0;
    int group = 0;
    int session = 0;
    if (std::sscanf(stat.c_str() + bracket + 1, " %c %d %d %d", &state, &parent, &group,
                    &session) != 4) {
      continue;
    }
    processes[pid] = {pid, parent, session, state == 'Z' || state == 'X'};
  }
  closedir(directory);
  return processes;
}

std::vector<pid_t> Descendants(const std::map<pid_t, ProcessInfo>& processes, pid_t root) {
  std::multimap<pid_t, pid_t> children;
  for (const auto& [pid, info] : processes) children.emplace(info.parent, pid);
  std::vector<pid_t> queue = {root};
  std::vector<pid_t> found;
  for (size_t i = 0; i < queue.size() && i <= processes.size(); ++i) {
    const auto [begin, end] = children.equal_range(queue[i]);
    for (auto child = begin; child != end; ++child) {
      queue.push_back(child->second);
      if (!processes.at(child->second).is_zombie) found.push_back(child->second);
    }
  }
  return found;
}

std::string RunMark(pid_t pid) {
  const std::string environment = ReadProc(pid, "environ");
  const std::string name = std::string(kRunVariable) + "=";
  size_t start = 0;
  while (start < environment.size()) {
    const size_t end = std::min(environment.find('\0', start), environment.size());
    const std::string_view entry = std::string_view(environment).substr(start, end - start);
    if (entry.starts_with(name)) return std::string(entry.substr(name.size()));
    start = end + 1;
  }
  return "";
}

}  // namespace trainyard::local
