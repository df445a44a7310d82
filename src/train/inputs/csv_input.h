// Examples from CSV files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/input.h"
#include "train/inputs/array_input.h"
#include "train/inputs/skip_counter.h"

namespace trainyard::train {

// One column that is read.
struct CsvColumn {
  std::string name;
  // float, double, int32, int64 or string.
  tf::DataType dtype = tf::DataType::kFloat;
  // Stands where the field is empty or na_value, written as it would be in the file. None: the
  // column is required, and an empty field is an error (of strings: an empty string).
  std::optional<std::string> default_value;
};

struct CsvOptions {
  // The columns to read, each found by its name. Empty: all, with types inferred from the first 100
  // rows of the first file as make_csv_dataset does (the first of int32, int64, float, double and
  // string that takes all fields), and 0 or "" for empty fields.
  std::vector<CsvColumn> columns;
  std::string label;  // the column that becomes the labels; "" for none
  // Whether the first row of each file gives the names of its columns.
  bool header = true;
  std::vector<std::string> column_names;  // of all columns of the file; needed without a header
  char delimiter = ',';
  std::string na_value;  // also stands for an empty field
  // How files follow each other, and a worker's part: see InterleaveOptions.
  int cycle_length = 1;
  int block_length = 1;
  bool shuffle_files = false;
  std::optional<uint64_t> seed;
  Shard shard;
  // Not null: rows with an error are left out and counted.
  std::shared_ptr<SkipCounter> skip_broken;
};

// As tf.data.experimental.make_csv_dataset without its batching, shuffling and repeating, which the
// pipeline does: one example per row, each column a feature of shape []. Compressed files are not
// read. An iterator's error names the place:
// `train.csv:17:5: column "age": "x7" is no int32`.
//
// Opens each file once, to see its header. InvalidArgument if a column is not there, an option
// contradicts itself, or as Interleave; the system's reason if a file cannot be read.
//
//   CsvInput({"train.csv"}, {.columns = {{.name = "age", .default_value = "0"},
//                                        {.name = "survived", .dtype = tf::DataType::kInt32}},
//                            .label = "survived"})
Result<InputPtr> CsvInput(const std::vector<std::string>& files, CsvOptions options);

}  // namespace trainyard::train
