#include "train/inputs/csv_input.h"

#include <algorithm>
#include <set>
#include <utility>

#include "train/inputs/csv_block.h"
#include "train/inputs/csv_reader.h"
#include "train/inputs/csv_values.h"
#include "train/inputs/interleave.h"
#include "train/inputs/position.h"
#include "train/inputs/row_iterator.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "csv";
constexpr size_t kRowsForInference = 100;

// Enough that a block costs little more than its values; few, since a shuffle may keep a block for
// one of its rows.
constexpr size_t kRowsInBlock = 64;

struct CsvFile {
  CsvLayout layout;
  CsvReader::Place start;  // behind the header
};

// Reads some rows ahead; its place is that behind the last row it has handed out.
class CsvIterator : public RowIterator {
 public:
  CsvIterator(const CsvFile& file, const CsvOptions& options)
      : file_(file), options_(options), builder_(file.layout, options), place_(file.start) {}

  Result<std::optional<Row>> NextRow() override {
    while (next_ == ends_.size()) {
      if (!problem_.ok()) {
        place_ = reader_->place();
        return std::exchange(problem_, OkStatus());
      }
      if (ended_) return std::optional<Row>();
      RETURN_IF_ERROR(ReadBlock());
    }
    place_ = ends_[next_];
    return std::optional<Row>(std::in_place, block_, static_cast<int64_t>(next_++));
  }

  std::string Save() const override {
    PositionWriter position(kKind);
    return position.Number(place_.offset).Number(static_cast<uint64_t>(place_.line)).str();
  }
  Status Restore(const std::string& bytes) override {
    if (bytes.empty()) return OkStatus();
    PositionReader position(kKind, bytes);
    place_.offset = position.Number();
    place_.line = static_cast<int64_t>(position.Number());
    reader_ = nullptr;
    ends_.clear();
    next_ = 0;
    problem_ = OkStatus();
    ended_ = false;
    return position.End();
  }

 private:
  // Up to the end of the file, or to a row that is broken.
  Status ReadBlock() {
    if (reader_ == nullptr) {
      ASSIGN_OR_RETURN(reader_, CsvReader::Open(file_.layout.path, options_.delimiter, place_));
    }
    ends_.clear();
    next_ = 0;
    while (builder_.num_rows() < kRowsInBlock && problem_.ok() && !ended_) {
      const Result<bool> more = reader_->Next(&fields_);
      ended_ = more.ok() && !*more;
      if (ended_) break;
      const Status added = more.ok() ? builder_.Add(fields_) : more.status();
      if (added.ok()) {
        ends_.push_back(reader_->place());
      } else if (options_.skip_broken != nullptr) {
        options_.skip_broken->Add(added);
      } else {
        problem_ = added;
      }
    }
    if (builder_.num_rows() > 0) block_ = builder_.Finish();
    return OkStatus();
  }

  const CsvFile& file_;
  const CsvOptions& options_;
  CsvBlockBuilder builder_;
  CsvReader::Place place_;
  std::unique_ptr<CsvReader> reader_;
  std::vector<CsvField> fields_;
  std::shared_ptr<const Block> block_;
  std::vector<CsvReader::Place> ends_;  // of the block's rows
  size_t next_ = 0;                     // of them, to hand out
  Status problem_;                      // of the row behind the block
  bool ended_ = false;
};

class CsvFileInput : public Input {
 public:
  CsvFileInput(CsvFile file, std::shared_ptr<const CsvOptions> options)
      : file_(std::move(file)), options_(std::move(options)) {
    for (const CsvColumn& column : options_->columns) {
      const FeatureSpec feature{.dtype = column.dtype, .shape = {}};
      if (column.name == options_->label) {
        spec_.labels = feature;
      } else {
        spec_.features[column.name] = feature;
      }
    }
  }
  const InputSpec& spec() const override { return spec_; }
  Result<std::unique_ptr<BatchIterator>> MakeIterator() const override {
    return std::unique_ptr<BatchIterator>(std::make_unique<CsvIterator>(file_, *options_));
  }

 private:
  const CsvFile file_;
  const std::shared_ptr<const CsvOptions> options_;  // of all files
  InputSpec spec_;
};

// The names of a file's columns; moves the reader behind the header.
Result<std::vector<std::string>> ReadNames(CsvReader& reader, const std::string& path,
                                           const CsvOptions& options) {
  if (!options.header) return options.column_names;
  std::vector<CsvField> row;
  ASSIGN_OR_RETURN(const bool more, reader.Next(&row));
  if (!more) return InvalidArgumentError("{}: there is no header: the file is empty", path);
  if (!options.column_names.empty()) {
    if (options.column_names.size() != row.size()) {
      return InvalidArgumentError("{}: the header has {} fields, column_names {}", path, row.size(),
                                  options.column_names.size());
    }
    return options.column_names;
  }
  std::vector<std::string> names;
  for (CsvField& field : row) names.push_back(std::move(field.text));
  return names;
}

// All columns with inferred types.
Result<std::vector<CsvColumn>> InferColumns(CsvReader& reader,
                                            const std::vector<std::string>& names,
                                            const CsvOptions& options) {
  std::vector<std::vector<CsvField>> rows;
  std::vector<CsvField> row;
  while (rows.size() < kRowsForInference) {
    const Result<bool> more = reader.Next(&row);
    if (!more.ok() && options.skip_broken != nullptr) continue;
    if (!more.ok()) return more.status();
    if (!*more) break;
    rows.push_back(row);
  }
  std::vector<CsvColumn> columns;
  for (size_t i = 0; i < names.size(); ++i) {
    const tf::DataType dtype = InferCsvType(rows, i, options.na_value);
    columns.push_back({names[i], dtype, dtype == tf::DataType::kString ? "" : "0"});
  }
  return columns;
}

Status CheckOptions(const CsvOptions& options) {
  if (!options.header && options.column_names.empty()) {
    return InvalidArgumentError("CsvInput: files without a header need column_names");
  }
  std::set<std::string> seen;
  for (const CsvColumn& column : options.columns) {
    if (!IsCsvType(column.dtype)) {
      return InvalidArgumentError(
          "CsvInput: column \"{}\" is {}: it must be float, double, int32,"
          " int64 or string",
          column.name, tf::DataTypeName(column.dtype));
    }
    if (!seen.insert(column.name).second) {
      return InvalidArgumentError("CsvInput: column \"{}\" is there twice", column.name);
    }
    if (!column.default_value.has_value()) continue;
    const Status status = CheckCsvValue(*column.default_value, column.dtype);
    if (!status.ok()) {
      return InvalidArgumentError("CsvInput: the default of column \"{}\": {}", column.name,
                                  status.message());
    }
  }
  return OkStatus();
}

// Looks into a file; fills in the columns if there are none yet.
Result<CsvFile> LookInto(const std::string& path, CsvOptions* options) {
  ASSIGN_OR_RETURN(const auto reader, CsvReader::Open(path, options->delimiter, {}));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ReadNames(*reader, path, *options));
  CsvFile file{.layout = {.path = path, .num_fields = names.size(), .field_of = {}},
               .start = reader->place()};
  if (options->columns.empty()) {
    ASSIGN_OR_RETURN(options->columns, InferColumns(*reader, names, *options));
    RETURN_IF_ERROR(CheckOptions(*options));
  }
  for (const CsvColumn& column : options->columns) {
    const auto name = std::ranges::find(names, column.name);
    if (name == names.end()) {
      return InvalidArgumentError("{}: there is no column \"{}\"", path, column.name);
    }
    file.layout.field_of.push_back(static_cast<size_t>(name - names.begin()));
  }
  return file;
}

}  // namespace

Result<InputPtr> CsvInput(const std::vector<std::string>& files, CsvOptions options) {
  RETURN_IF_ERROR(CheckOptions(options));
  if (files.empty()) return InvalidArgumentError("CsvInput: there are no files");
  std::vector<CsvFile> looked;
  for (const std::string& path : files) {
    ASSIGN_OR_RETURN(CsvFile file, LookInto(path, &options));
    looked.push_back(std::move(file));
  }
  const auto& columns = options.columns;
  if (!options.label.empty() &&
      std::ranges::find(columns, options.label, &CsvColumn::name) == columns.end()) {
    return InvalidArgumentError("CsvInput: the label \"{}\" is not among the columns",
                                options.label);
  }
  const auto shared = std::make_shared<const CsvOptions>(std::move(options));
  std::vector<InputPtr> inputs;
  for (CsvFile& file : looked) {
    inputs.push_back(std::make_shared<CsvFileInput>(std::move(file), shared));
  }
  return Interleave(std::move(inputs), {.cycle_length = shared->cycle_length,
                                        .block_length = shared->block_length,
                                        .shuffle = shared->shuffle_files,
                                        .seed = shared->seed,
                                        .shard = shared->shard});
}

}  // namespace trainyard::train
