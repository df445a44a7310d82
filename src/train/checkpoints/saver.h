// The operations that write and read checkpoints, part of each graph that needs them.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "tf/session.h"
#include "train/variable.h"

namespace trainyard::train {

// Where files are written and read.
struct SaverPlace {
  // None: where the variables are. Else all on this one, such as "/job:chief/task:0".
  std::optional<std::string> on_one_device;
};

// Saves and restores a graph's variables as a tensor bundle (`<prefix>.index`, `<prefix>.data-*`),
// one shard per device that holds variables, or several of a large one
// (internal/checkpoint_files.h), merged at the end: tf.train.Saver(sharded=True), with its
// operation names (save/Const, save/Identity, save/restore_all), which SavedModel loaders rely on.
// By default each device writes its own shard, so all of them need the same file system. With
// SaverPlace::on_one_device the same files, shard by shard, are written and read by one device, and
// only tensors travel to and from the others. The parts of a split variable are slices of one
// tensor, as those of TensorFlow's partitioned variables: a graph that splits it otherwise, or not
// at all, restores them.
//
// A value; the graph owns the operations. Save and Restore may not run at the same time.
class Saver {
 public:
  // Adds the operations for all variables with `saved` set.
  Saver(tf::Graph* graph, const std::deque<Variable>& variables, const SaverPlace& place = {});

  // Writes all variables; the files appear under their final names only when they are whole.
  Status Save(tf::Session* session, const std::string& prefix) const;
  // Assigns all variables. Checks first that the checkpoint fits (see CheckFits).
  Status Restore(tf::Session* session, const std::string& prefix) const;
  // Whether a checkpoint has every variable with its type and shape. InvalidArgument names the
  // first difference: the checkpoint is another network's. NotFound or DataLoss if it cannot be
  // read.
  Status CheckFits(const std::string& prefix) const;

  // For SaverDef.
  const tf::Output& filename() const { return filename_; }
  const tf::Output& saved_name() const { return saved_name_; }
  tf::Operation restore_all() const { return restore_all_; }

 private:
  std::vector<Variable> variables_;
  tf::Output filename_;    // fed with the prefix
  tf::Output saved_name_;  // fetched: writes, and gives the prefix back
  tf::Operation restore_all_ = nullptr;
};

}  // namespace trainyard::train
