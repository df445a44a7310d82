// Reading a checkpoint ("tensor bundle") without a graph.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "tf/tensor.h"

struct TF_CheckpointReader;

namespace trainyard::tf {

struct CheckpointEntry {
  DataType dtype = DataType::kInvalid;
  Shape shape;
};

// Opens `<prefix>.index` and its data files, written by us or by any TensorFlow. Thread-compatible.
class CheckpointReader {
 public:
  // NotFound if there are no such files, DataLoss if the index is damaged.
  static Result<CheckpointReader> Open(const std::string& prefix);

  // Every tensor in the checkpoint, by name.
  const std::map<std::string, CheckpointEntry>& entries() const { return entries_; }

  // One tensor's values. DataLoss if its bytes do not match their checksum.
  Result<Tensor> Read(const std::string& name) const;

 private:
  struct Deleter {
    void operator()(TF_CheckpointReader* reader) const;
  };
  std::unique_ptr<TF_CheckpointReader, Deleter> handle_;
  std::map<std::string, CheckpointEntry> entries_;
};

}  // namespace trainyard::tf
