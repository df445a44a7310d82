#include "train/inputs/csv_block.h"

#include <algorithm>

#include "train/inputs/csv_values.h"

namespace trainyard::train {

CsvBlockBuilder::CsvBlockBuilder(const CsvLayout& layout, const CsvOptions& options)
    : layout_(layout), options_(options) {
  for (const CsvColumn& column : options.columns) columns_.push_back(EmptyOf(column.dtype));
}

CsvBlockBuilder::Values CsvBlockBuilder::EmptyOf(tf::DataType dtype) {
  switch (dtype) {
    case tf::DataType::kInt32:
      return std::vector<int32_t>();
    case tf::DataType::kInt64:
      return std::vector<int64_t>();
    case tf::DataType::kFloat:
      return std::vector<float>();
    case tf::DataType::kDouble:
      return std::vector<double>();
    default:
      return std::vector<std::string>();
  }
}

Status CsvBlockBuilder::Add(const std::vector<CsvField>& fields) {
  const Status status = AddValues(fields);
  if (status.ok()) {
    ++num_rows_;
    return status;
  }
  for (Values& values : columns_) {
    std::visit([this](auto& list) { list.resize(num_rows_); }, values);
  }
  return status;
}

Status CsvBlockBuilder::AddValues(const std::vector<CsvField>& fields) {
  if (fields.size() != layout_.num_fields) {
    const CsvField& at = fields[std::min(fields.size() - 1, layout_.num_fields)];
    return DataLossError("{}:{}:{}: the row has {} fields, {} were expected", layout_.path, at.line,
                         at.column, fields.size(), layout_.num_fields);
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    RETURN_IF_ERROR(AddValue(options_.columns[i], fields[layout_.field_of[i]], &columns_[i]));
  }
  return OkStatus();
}

Status CsvBlockBuilder::AddValue(const CsvColumn& column, const CsvField& field,
                                 Values* values) const {
  const bool is_missing = field.text.empty() || field.text == options_.na_value;
  const bool is_default = is_missing && column.default_value.has_value();
  const std::string& text = is_default ? *column.default_value : field.text;
  return std::visit(
      [&]<class T>(std::vector<T>& list) -> Status {
        if constexpr (std::is_same_v<T, std::string>) {
          list.push_back(is_missing && !is_default ? "" : text);
          return OkStatus();
        } else {
          T value{};
          const Status status = ParseCsvNumber(text, &value);
          if (status.ok()) {
            list.push_back(value);
            return status;
          }
          return DataLossError(
              "{}:{}:{}: column \"{}\": {}", layout_.path, field.line, field.column, column.name,
              is_missing ? "the field is empty, and the column has no default" : status.message());
        }
      },
      *values);
}

std::shared_ptr<const Block> CsvBlockBuilder::Finish() {
  CHECK(num_rows_ > 0);
  Batch rows;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const CsvColumn& column = options_.columns[i];
    tf::Tensor tensor = std::visit(
        []<class T>(std::vector<T>& list) {
          if constexpr (std::is_same_v<T, std::string>) {
            return tf::Tensor::FromStrings({static_cast<int64_t>(list.size())}, list);
          } else {
            return tf::Tensor::FromVector(list);
          }
        },
        columns_[i]);
    std::visit([](auto& list) { list.clear(); }, columns_[i]);
    (column.name == options_.label ? rows.labels : rows.features[column.name]) = std::move(tensor);
  }
  num_rows_ = 0;
  return std::make_shared<const Block>(std::move(rows));
}

}  // namespace trainyard::train
