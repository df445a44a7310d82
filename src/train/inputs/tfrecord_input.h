// Examples from TFRecord files of tf.train.Example messages.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "records/example.h"
#include "train/input.h"
#include "train/inputs/array_input.h"
#include "train/inputs/skip_counter.h"

namespace trainyard::train {

// What is read of one feature, as tf.io.FixedLenFeature; the kinds of tf.train.Example are float,
// int64 and string.
struct FeatureDescription {
  tf::DataType dtype = tf::DataType::kFloat;
  tf::Shape shape;  // [] for one value; the example must have exactly as many as that
  // As tf.io.VarLenFeature made dense (RaggedFeature with padding): any number of values, as shape
  // [n]; BatchUp({.pad = true}) makes them equally long. `shape` is not used.
  bool variable_length = false;
  // For examples that lack the feature: values of its dtype, as many as `shape` asks for. None: an
  // example without it is broken; with variable_length it has no values then.
  std::optional<records::FeatureValues> default_value;
};

struct TfRecordOptions {
  // By name; what else an example holds is passed over.
  std::map<std::string, FeatureDescription> features;
  std::string label;  // the feature that becomes the labels; "" for none
  // How files follow each other, and a worker's part: see InterleaveOptions.
  int cycle_length = 1;
  int block_length = 1;
  bool shuffle_files = false;
  std::optional<uint64_t> seed;
  Shard shard;
  // Not null: damaged records, and examples that do not fit the description, are left out and
  // counted. A file that cannot be opened is always an error.
  std::shared_ptr<SkipCounter> skip_broken;
};

// As tf.data.TFRecordDataset with tf.io.parse_single_example. Checksums are always checked. Files
// are uncompressed. An iterator's error names file, byte and feature:
// `cannot read train.tfrecord: the record at byte 1024 has a wrong checksum`.
//
// InvalidArgument if there are no files, if the description contradicts itself, or as Interleave.
//
//   TfRecordInput({"train-0.tfrecord", "train-1.tfrecord"},
//                 {.features = {{"image", {.dtype = tf::DataType::kString}},
//                               {"label", {.dtype = tf::DataType::kInt64}}},
//                  .label = "label"})
Result<InputPtr> TfRecordInput(const std::vector<std::string>& files, TfRecordOptions options);

// The features of one example as tensors; what TfRecordInput does with each record. InvalidArgument
// names the feature that does not fit.
Result<Batch> ToBatch(const records::Example& example, const TfRecordOptions& options);

}  // namespace trainyard::train
