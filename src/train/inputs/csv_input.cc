#include "train/inputs/csv_input.h"

#include <algorithm>
#include <set>

#include "train/inputs/csv_reader.h"
#include "train/inputs/csv_values.h"
#include "train/inputs/interleave.h"
#include "train/inputs/position.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "csv";
constexpr size_t kRowsForInference = 100;

// One file, and where in its rows the columns are.
struct CsvFile {
  std::string path;
  size_t num_fields = 0;
  std::vector<size_t> field_of;  // in the order of the columns
  CsvReader::Place start;        // behind the header
};

class CsvIterator : public BatchIterator {
 public:
  CsvIterator(const CsvFile& file, const CsvOptions& options)
      : file_(file), options_(options), place_(file.start) {}

  Result<std::optional<Batch>> Next() override {
    if (reader_ == nullptr) {
      ASSIGN_OR_RETURN(reader_, CsvReader::Open(file_.path, options_.delimiter, place_));
    }
    while (true) {
      Result<bool> more = reader_->Next(&fields_);
      place_ = reader_->place();
      if (more.ok() && !*more) return std::optional<Batch>();
      Result<Batch> example = more.ok() ? ToExample() : Result<Batch>(more.status());
      if (example.ok()) return std::optional<Batch>(std::move(*example));
      if (options_.skip_broken == nullptr) return example.status();
      options_.skip_broken->Add(example.status());
    }
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
    return position.End();
  }

 private:
  Result<Batch> ToExample() const {
    if (fields_.size() != file_.num_fields) {
      const CsvField& at = fields_[std::min(fields_.size() - 1, file_.num_fields)];
      return DataLossError("{}:{}:{}: the row has {} fields, {} were expected", file_.path, at.line,
                           at.column, fields_.size(), file_.num_fields);
    }
    Batch example;
    for (size_t i = 0; i < options_.columns.size(); ++i) {
      const CsvColumn& column = options_.columns[i];
      const CsvField& field = fields_[file_.field_of[i]];
      ASSIGN_OR_RETURN(tf::Tensor value, Value(column, field));
      if (column.name == options_.label) {
        example.labels = std::move(value);
      } else {
        example.features.emplace(column.name, std::move(value));
      }
    }
    return example;
  }

  Result<tf::Tensor> Value(const CsvColumn& column, const CsvField& field) const {
    const bool missing = field.text.empty() || field.text == options_.na_value;
    if (missing && column.default_value.has_value()) {
      return ParseCsvValue(*column.default_value, column.dtype);
    }
    if (missing && column.dtype == tf::DataType::kString) return tf::Tensor::StringScalar("");
    Result<tf::Tensor> value = ParseCsvValue(field.text, column.dtype);
    if (value.ok()) return value;
    return DataLossError(
        "{}:{}:{}: column \"{}\": {}", file_.path, field.line, field.column, column.name,
        missing ? "the field is empty, and the column has no default" : value.status().message());
  }

  const CsvFile& file_;
  const CsvOptions& options_;
  CsvReader::Place place_;
  std::unique_ptr<CsvReader> reader_;
  std::vector<CsvField> fields_;
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
    const Status status = ParseCsvValue(*column.default_value, column.dtype).status();
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
  CsvFile file{.path = path, .num_fields = names.size(), .field_of = {}, .start = reader->place()};
  if (options->columns.empty()) {
    ASSIGN_OR_RETURN(options->columns, InferColumns(*reader, names, *options));
    RETURN_IF_ERROR(CheckOptions(*options));
  }
  for (const CsvColumn& column : options->columns) {
    const auto name = std::ranges::find(names, column.name);
    if (name == names.end()) {
      return InvalidArgumentError("{}: there is no column \"{}\"", path, column.name);
    }
    file.field_of.push_back(static_cast<size_t>(name - names.begin()));
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
