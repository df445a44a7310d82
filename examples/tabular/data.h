// The table's files, and the pipelines that read them.
#pragma once

#include <string>

#include "train/input.h"
#include "train/run_config.h"

namespace tabular {

// Where the files lie. All of them are text.
struct Files {
  std::string train;  // CSV, see make_clicks.h
  std::string test;
  std::string users;  // one name per line: vocabularies
  std::string films;
};

// Makes the files in `directory` that are not there yet: 200,000 rows to train on and 50,000 to
// test on. Several processes may do so at once.
trainyard::Result<Files> MakeFiles(const std::string& directory);

// Features "user" and "film" (string [batch]) and "hour" (float [batch]); labels int32 [batch], 1
// for a click.
struct Data {
  trainyard::train::InputPtr train;  // shuffled, for ever, this replica's share
  trainyard::train::InputPtr test;   // once, in the file's order
};
trainyard::Result<Data> OpenData(const Files& files, int64_t batch_size,
                                 const trainyard::train::RunConfig& config);

}  // namespace tabular
