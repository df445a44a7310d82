// A small file by which two processes find out whether they see the same directory.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::train {

// The file ".shared-<writer>-<pid>-<random>": a new name each time, since network storage remembers
// for a while that a file was not there. There while the object lives. What a writer of the same
// role that was killed has left behind is removed before, so one process of a role may write at a
// time. Thread-compatible.
//
//   ASSIGN_OR_RETURN(const DirectoryProbe probe, DirectoryProbe::Write(model_dir, "chief"));
//   const Status seen = probe.AwaitThere(patience, [&] { return ReadElsewhere(probe.name()); });
class DirectoryProbe {
 public:
  // Creates the directory if it is not there.
  static Result<DirectoryProbe> Write(const std::string& directory, std::string_view writer);
  ~DirectoryProbe();
  DirectoryProbe(DirectoryProbe&& other) noexcept;
  DirectoryProbe& operator=(DirectoryProbe&&) = delete;

  const std::string& name() const { return name_; }  // without the directory
  std::string path() const;

  // What `read_there` gives: again and again for `patience` while that is NotFound (network storage
  // may show files late).
  Status AwaitThere(std::chrono::milliseconds patience,
                    const std::function<Status()>& read_there) const;

 private:
  DirectoryProbe(std::string directory, std::string name)
      : directory_(std::move(directory)), name_(std::move(name)) {}

  const std::string directory_;
  std::string name_;  // empty: another object's now
};

}  // namespace trainyard::train
