#include "tabular/data.h"

#include "base/files.h"
#include "tabular/make_clicks.h"
#include "train/inputs/csv_input.h"
#include "train/inputs/pipeline.h"

namespace tabular {

using namespace trainyard;
using namespace trainyard::train;

namespace {

constexpr int kTrainRows = 200000;
constexpr int kTestRows = 50000;

template <class Make>
Status MakeFile(const std::string& path, Make make) {
  if (PathExists(path)) return OkStatus();
  return WriteFileAtomically(path, make());
}

std::string Lines(int count, std::string (*name)(int)) {
  std::string text;
  for (int i = 0; i < count; ++i) text += name(i) + "\n";
  return text;
}

CsvOptions Columns() {
  return {.columns = {{.name = "user", .dtype = tf::DataType::kString},
                      {.name = "film", .dtype = tf::DataType::kString},
                      {.name = "hour"},
                      {.name = "clicked", .dtype = tf::DataType::kInt32}},
          .label = "clicked"};
}

}  // namespace

Result<Files> MakeFiles(const std::string& directory) {
  const Files files{.train = JoinPath(directory, "train.csv"),
                    .test = JoinPath(directory, "test.csv"),
                    .users = JoinPath(directory, "users.txt"),
                    .films = JoinPath(directory, "films.txt")};
  const ClicksOptions all;
  RETURN_IF_ERROR(MakeDirectories(directory));
  RETURN_IF_ERROR(MakeFile(files.users, [&] { return Lines(all.users, UserName); }));
  RETURN_IF_ERROR(MakeFile(files.films, [&] { return Lines(all.films, FilmName); }));
  RETURN_IF_ERROR(MakeFile(files.train, [] { return FormatCsv(MakeClicks(kTrainRows, 0)); }));
  RETURN_IF_ERROR(MakeFile(files.test, [] { return FormatCsv(MakeClicks(kTestRows, 1)); }));
  return files;
}

Result<Data> OpenData(const Files& files, int64_t batch_size, const RunConfig& config) {
  std::optional<uint64_t> seed;
  if (config.tf_random_seed.has_value()) seed = static_cast<uint64_t>(*config.tf_random_seed);
  Data data;
  ASSIGN_OR_RETURN(data.train, Pipeline(CsvInput({files.train}, Columns()))
                                   .ShardExamples(ShardOf(config.task))
                                   .Cache()
                                   .Shuffle({.buffer_size = 20000, .seed = seed})
                                   .Repeat()
                                   .BatchUp({.batch_size = batch_size})
                                   .Prefetch()
                                   .Build());
  ASSIGN_OR_RETURN(
      data.test,
      Pipeline(CsvInput({files.test}, Columns())).BatchUp({.batch_size = 1000}).Prefetch().Build());
  return data;
}

}  // namespace tabular
