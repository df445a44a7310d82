// Control groups: how the kernel is made to keep a replica within its resources.limits.
//
// Version 2 (one tree) and version 1 (a tree per controller, as in a hybrid set-up) are both
// understood. Groups are made below the group this process is in, so that limits it lives under
// hold for the replicas, too. Where that is not allowed a run goes on without them and says so.
//
//   const CgroupTrees trees = FindCgroupTrees();
//   ASSIGN_OR_RETURN(auto group, Cgroup::Create(trees, "run-worker-0", limits));
//   Spawn({.groups = group->EntryFiles(), ...});
//
// Linux only. CgroupTrees is a plain value; Cgroup is thread-compatible.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/pod.h"

namespace trainyard::local {

// A directory of /sys/fs/cgroup that stands for the group this process is in.
struct CgroupTree {
  std::string directory{};
  bool is_v2 = false;
  bool has_memory = false;
  bool has_cpu = false;

  friend bool operator==(const CgroupTree&, const CgroupTree&) = default;
};

struct CgroupTrees {
  std::vector<CgroupTree> usable{};
  std::string why_no_memory{};  // set if no usable tree has the controller
  std::string why_no_cpu{};
};

// The trees with a memory or cpu controller of their own (version 1) and that of version 2, as
// /proc/self/mountinfo and /proc/self/cgroup say. Pure.
std::vector<CgroupTree> LocateCgroupTrees(std::string_view mountinfo, std::string_view self_cgroup);

// Those in which this process may make groups with limits, found out by making one.
CgroupTrees FindCgroupTrees();

// The group of one instance of a replica, in every tree that its limits need.
class Cgroup {
 public:
  // ResourceExhausted, PermissionDenied, ... if a limit cannot be set; then no group is left.
  static Result<std::unique_ptr<Cgroup>> Create(const CgroupTrees& trees, const std::string& name,
                                                const spec::ResourceLimits& limits);
  // Kills what is left in it and removes it.
  ~Cgroup();
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  // A process enters by writing "0" into each.
  std::vector<std::string> EntryFiles() const;
  // The kernel has killed a process of the group for its memory limit.
  bool HasRunOutOfMemory() const;
  // Kills every process in it, wherever it moved in sessions and parents.
  void Kill() const;

 private:
  Cgroup() = default;

  std::vector<CgroupTree> groups_;  // `directory` is the group's own
};

// Removes the groups whose names begin with `prefix`: a guardian that was killed left them behind.
void SweepCgroups(const CgroupTrees& trees, std::string_view prefix);

}  // namespace trainyard::local
