// Where a user's local jobs are: a directory of links to their work directories.
//
//   $TRAINYARD_STATE_DIR, else $XDG_STATE_HOME/trainyard, else ~/.local/state/trainyard
//     jobs/<id> -> /home/me/project/out/digits        id: 16 hex digits of the path's hash
//
// Any number of processes may use it at once; each change is one system call. Thread-compatible.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace trainyard::local {

// From the environment; empty if that names no place.
std::string DefaultStateDirectory();

class Registry {
 public:
  // With an empty directory nothing is kept, and nothing found.
  explicit Registry(std::string state_directory) : directory_(std::move(state_directory)) {}

  const std::string& directory() const { return directory_; }

  // `workdir` is absolute; fine if it is there already.
  Status Add(const std::string& workdir) const;
  void Remove(const std::string& workdir) const;

  // The work directories that hold a record, sorted. Links that lead nowhere are dropped.
  std::vector<std::string> List() const;

  // The name of a work directory's link.
  static std::string IdOf(std::string_view workdir);

 private:
  std::string directory_;
};

}  // namespace trainyard::local
