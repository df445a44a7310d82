#include "serving/json/inputs.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "serving/json/quote.h"
#include "serving/json/tensor_builder.h"

namespace trainyard::serving {
namespace {

using ::tensorflow::SignatureDef;

// One input of the signature, while it is being filled.
struct Column {
  std::string name;
  bool has_default = false;
  TensorBuilder builder;
  int64_t rows = 0;     // objects that had it so far
  bool is_set = false;  // for columnar input
};

class Columns {
 public:
  Columns(const SignatureDef& signature, size_t text_bytes) {
    for (const auto& [name, info] : signature.inputs()) {
      constexpr int kReference = 100;  // DT_FLOAT_REF and so on: the value is what is fed
      const int type = static_cast<int>(info.dtype());
      columns_.push_back(
          {.name = name,
           .has_default = signature.defaults().contains(name),
           .builder = TensorBuilder(
               static_cast<tf::DataType>(type > kReference ? type - kReference : type),
               text_bytes)});
    }
    std::sort(columns_.begin(), columns_.end(),
              [](const Column& a, const Column& b) { return a.name < b.name; });
  }

  size_t size() const { return columns_.size(); }
  Column& front() { return columns_.front(); }
  auto begin() { return columns_.begin(); }
  auto end() { return columns_.end(); }

  // Null if there is none. Objects in a row mostly have their keys in the same order, so that the
  // next one is a good guess.
  Column* Find(std::string_view name) {
    for (size_t tried = 0; tried < columns_.size(); ++tried) {
      Column& column = columns_[next_];
      next_ = next_ + 1 == columns_.size() ? 0 : next_ + 1;
      if (column.name == name) return &column;
    }
    return nullptr;
  }

  std::string Names() const {
    std::vector<std::string_view> names;
    for (const Column& column : columns_) names.push_back(column.name);
    return fmt::format("{}", fmt::join(names, ","));
  }

 private:
  std::vector<Column> columns_;
  size_t next_ = 0;
};

// Whether the value here is an object that stands for several inputs.
bool IsObject(JsonReader* reader) { return reader->PeekChar() == '{' && !IsBase64Object(reader); }

// A failure within one element; what is wrong with the JSON itself is said as it is.
Status InElement(JsonReader* reader, const Status& status, int64_t row, std::string_view key) {
  if (!reader->ok()) return reader->error();
  return InvalidArgumentError("Failed to process element: {}{}{} of 'instances' list. Error: {}",
                              row, key.empty() ? "" : " key: ", key, status.ToString());
}

Status ReadObject(JsonReader* reader, Columns* columns, int64_t row) {
  const size_t from = reader->offset();
  reader->EnterObject();
  bool is_complete = true;
  for (std::string_view key; reader->NextMember(&key);) {
    Column* const column = columns->Find(key);
    if (column == nullptr) {
      return InElement(reader,
                       InvalidArgumentError("JSON object: does not have named input: {}", key), row,
                       std::string(key));
    }
    if (column->rows != row) {  // twice in this object, or missing in an earlier one
      is_complete = false;
      reader->Skip();
      continue;
    }
    const Status status = column->builder.ReadInstance(reader);
    if (!status.ok()) return InElement(reader, status, row, column->name);
    ++column->rows;
  }
  if (!reader->ok()) return reader->error();
  for (const Column& column : *columns) {
    const bool is_left_out = column.has_default && column.rows == 0;
    if (column.rows != row + 1 && !is_left_out) is_complete = false;
  }
  if (is_complete) return OkStatus();
  return InvalidArgumentError(
      "Failed to process element: {} of 'instances' list. JSON object: {} keys must be equal to: "
      "{}",
      row, QuoteJson(reader->TextSince(from)), columns->Names());
}

Status ReadObjects(JsonReader* reader, Columns* columns) {
  int64_t row = 0;
  while (reader->NextElement()) {
    if (!IsObject(reader)) {
      return InvalidArgumentError("Expecting object but got list at item {} of input list", row);
    }
    RETURN_IF_ERROR(ReadObject(reader, columns, row));
    ++row;
  }
  return reader->error();
}

Status ReadPlainList(JsonReader* reader, Column* column) {
  while (reader->NextElement()) {
    const int64_t row = column->rows++;
    if (IsObject(reader)) {
      return InvalidArgumentError("Expecting value/list but got object at item {} of input list",
                                  row);
    }
    const Status status = column->builder.ReadInstance(reader);
    if (!status.ok()) return InElement(reader, status, row, "");
  }
  return reader->error();
}

}  // namespace

Result<NamedTensors> ReadInstances(JsonReader* reader, const SignatureDef& signature) {
  Columns columns(signature, reader->remaining());
  if (!reader->EnterArray()) {
    return InvalidArgumentError("Expecting 'instances' to be an list/array");
  }
  if (IsObject(reader)) {
    RETURN_IF_ERROR(ReadObjects(reader, &columns));
  } else if (columns.size() == 1) {
    RETURN_IF_ERROR(ReadPlainList(reader, &columns.front()));
  } else {
    return InvalidArgumentError(
        "instances is a plain list, but expecting list of objects as multiple input tensors "
        "required as per tensorinfo_map");
  }
  NamedTensors tensors;
  for (Column& column : columns) {
    if (column.builder.num_instances() == 0) continue;
    ASSIGN_OR_RETURN(tensors[column.name], column.builder.FinishBatch());
  }
  return tensors;
}

Result<NamedTensors> ReadInputs(JsonReader* reader, const SignatureDef& signature) {
  Columns columns(signature, reader->remaining());
  NamedTensors tensors;
  if (!IsObject(reader)) {
    if (columns.size() != 1) {
      return InvalidArgumentError(
          "inputs is a plain value/list, but expecting an object as multiple input tensors "
          "required as per tensorinfo_map");
    }
    RETURN_IF_ERROR(columns.front().builder.Read(reader));
    ASSIGN_OR_RETURN(tensors[columns.front().name], columns.front().builder.Finish());
    return tensors;
  }
  reader->EnterObject();
  for (std::string_view key; reader->NextMember(&key);) {
    Column* const column = columns.Find(key);
    if (column == nullptr || column->is_set) {
      reader->Skip();
      continue;
    }
    column->is_set = true;
    RETURN_IF_ERROR(column->builder.Read(reader));
    ASSIGN_OR_RETURN(tensors[column->name], column->builder.Finish());
  }
  if (!reader->ok()) return reader->error();
  for (const Column& column : columns) {
    if (!column.is_set && !column.has_default) {
      return InvalidArgumentError("Missing named input: {} in 'inputs' object.", column.name);
    }
  }
  return tensors;
}

}  // namespace trainyard::serving
