#include "serving/json/predict_answer.h"

#include <charconv>
#include <type_traits>

#include "serving/json/element.h"
#include "serving/json/float_text.h"
#include "serving/json/layout.h"

namespace trainyard::serving {
namespace {

using tf::DataType;

// Room for one number at the end of `out`, which `write` fills, giving its end.
template <class Write>
void AppendNumber(std::string* out, Write write) {
  const size_t size = out->size();
  out->resize(size + kMaxFloatText);
  char* const begin = out->data() + size;
  out->resize(size + static_cast<size_t>(write(begin) - begin));
}

template <class T>
void AppendValue(T value, std::string* out) {
  if constexpr (std::is_same_v<T, bool>) {
    *out += value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    AppendNumber(out,
                 [value](char* to) { return std::to_chars(to, to + kMaxFloatText, value).ptr; });
  } else if constexpr (std::is_same_v<T, double>) {
    AppendNumber(out, [value](char* to) { return WriteDouble(value, to); });
  } else if constexpr (std::is_same_v<T, Bfloat16>) {
    AppendNumber(out, [value](char* to) { return WriteFloat(ToFloat(value), to); });
  } else {
    AppendNumber(out, [value](char* to) { return WriteFloat(static_cast<float>(value), to); });
  }
}

// One output, of which `next` is the next value to be written.
class Output {
 public:
  Output(const std::string& name, const tf::Tensor& tensor)
      : name_(name), tensor_(tensor), shape_(tensor.shape()) {
    if (tensor.dtype() == DataType::kString) {
      strings_ = tensor.strings();
      as_bytes_ = name.ends_with("_bytes");
    }
    if (tensor.dtype() == DataType::kComplex64 || tensor.dtype() == DataType::kComplex128) {
      shape_.push_back(2);  // real and imaginary part
    }
  }

  const std::string& name() const { return name_; }
  const tf::Shape& shape() const { return shape_; }

  // Writes all that lies below dimension `dim` of the next element. False for a type that has no
  // place in JSON.
  bool Write(size_t dim, JsonLayout* json) {
    switch (tensor_.dtype()) {
      case DataType::kFloat:
      case DataType::kComplex64:
        return WriteLists<float>(dim, json);
      case DataType::kDouble:
      case DataType::kComplex128:
        return WriteLists<double>(dim, json);
      case DataType::kInt32:
        return WriteLists<int32_t>(dim, json);
      case DataType::kUint8:
        return WriteLists<uint8_t>(dim, json);
      case DataType::kInt16:
        return WriteLists<int16_t>(dim, json);
      case DataType::kInt8:
        return WriteLists<int8_t>(dim, json);
      case DataType::kUint16:
        return WriteLists<uint16_t>(dim, json);
      case DataType::kInt64:
        return WriteLists<int64_t>(dim, json);
      case DataType::kUint32:
        return WriteLists<uint32_t>(dim, json);
      case DataType::kUint64:
        return WriteLists<uint64_t>(dim, json);
      case DataType::kHalf:
        return WriteLists<Half>(dim, json);
      case DataType::kBfloat16:
        return WriteLists<Bfloat16>(dim, json);
      case DataType::kBool:
        return WriteLists<bool>(dim, json);
      case DataType::kString:
        return WriteLists<std::string>(dim, json);
      case DataType::kInvalid:
      case DataType::kResource:
      case DataType::kVariant:
        break;
    }
    return false;
  }

 private:
  template <class T>
  bool WriteLists(size_t dim, JsonLayout* json) {
    if (dim == shape_.size()) {
      WriteNext<T>(json);
      return true;
    }
    json->StartArray();
    for (int64_t i = 0; i < shape_[dim]; ++i) WriteLists<T>(dim + 1, json);
    json->EndArray();
    return true;
  }

  template <class T>
  void WriteNext(JsonLayout* json) {
    if constexpr (std::is_same_v<T, std::string>) {
      WriteString(strings_[next_++], json);
    } else {
      json->NewItem();
      T value;
      std::memcpy(&value, static_cast<const std::byte*>(tensor_.raw()) + next_++ * sizeof(T),
                  sizeof(T));
      AppendValue(value, json->out());
    }
  }

  void WriteString(const std::string& text, JsonLayout* json) {
    if (!as_bytes_) return json->String(text);
    json->StartObject();
    json->Key("b64");
    json->NewItem();
    std::string& out = *json->out();
    out += '"';
    AppendBase64(text, &out);
    out += '"';
    json->EndObject();
  }

  const std::string& name_;
  const tf::Tensor& tensor_;
  tf::Shape shape_;
  std::vector<std::string> strings_;
  bool as_bytes_ = false;
  size_t next_ = 0;
};

Status CannotWrite(const tf::Tensor& tensor) {
  return InvalidArgumentError("Failed to write JSON value for tensor type: {}",
                              tf::DataTypeName(tensor.dtype()));
}

// The number of rows that all outputs have.
Result<int64_t> BatchSize(std::span<const std::string> names, std::span<const tf::Tensor> values) {
  int64_t size = -1;
  for (size_t i = 0; i < values.size(); ++i) {
    const tf::Shape shape = values[i].shape();
    if (shape.empty()) {
      return InvalidArgumentError("Tensor name: {} has no shape information ", names[i]);
    }
    if (size >= 0 && size != shape.front()) {
      return InvalidArgumentError("Tensor name: {} has inconsistent batch size: {} expecting: {}",
                                  names[i], shape.front(), size);
    }
    size = shape.front();
  }
  return size;
}

Status WriteRows(int64_t rows, std::span<const tf::Tensor> values, std::vector<Output>* outputs,
                 JsonLayout* json) {
  json->Key("predictions");
  json->StartArray();
  for (int64_t row = 0; row < rows; ++row) {
    if (outputs->size() > 1) json->StartObject();
    json->set_single_line(true);
    for (size_t i = 0; i < outputs->size(); ++i) {
      Output& output = (*outputs)[i];
      if (outputs->size() > 1) json->Key(output.name());
      if (!output.Write(1, json)) return CannotWrite(values[i]);
    }
    json->set_single_line(false);
    if (outputs->size() > 1) json->EndObject();
  }
  json->EndArray();
  return OkStatus();
}

Status WriteColumns(std::span<const tf::Tensor> values, std::vector<Output>* outputs,
                    JsonLayout* json) {
  json->Key("outputs");
  if (outputs->size() > 1) json->StartObject();
  for (size_t i = 0; i < outputs->size(); ++i) {
    Output& output = (*outputs)[i];
    if (outputs->size() > 1) json->Key(output.name());
    if (!output.Write(0, json)) return CannotWrite(values[i]);
  }
  if (outputs->size() > 1) json->EndObject();
  return OkStatus();
}

}  // namespace

Result<std::string> WritePredictions(PredictFormat format, std::span<const std::string> names,
                                     std::span<const tf::Tensor> values) {
  if (values.empty()) return InvalidArgumentError("Cannot convert empty tensor map to JSON");
  std::vector<Output> outputs;
  size_t elements = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    outputs.emplace_back(names[i], values[i]);
    elements += static_cast<size_t>(values[i].num_elements());
  }
  JsonLayout json;
  json.out()->reserve(elements * (format == PredictFormat::kRow ? 12 : 24) + 256);
  json.StartObject();
  if (format == PredictFormat::kRow) {
    ASSIGN_OR_RETURN(const int64_t rows, BatchSize(names, values));
    RETURN_IF_ERROR(WriteRows(rows, values, &outputs, &json));
  } else {
    RETURN_IF_ERROR(WriteColumns(values, &outputs, &json));
  }
  json.EndObject();
  return std::move(*json.out());
}

std::string WriteClassifications(std::span<const std::vector<LabelledScore>> results) {
  JsonLayout json;
  json.StartObject();
  json.Key("results");
  json.StartArray();
  json.set_single_line(true);
  for (const std::vector<LabelledScore>& classes : results) {
    json.StartArray();
    for (const LabelledScore& one : classes) {
      json.StartArray();
      json.String(one.label);
      json.NewItem();
      AppendValue(one.score, json.out());
      json.EndArray();
    }
    json.EndArray();
  }
  json.set_single_line(false);
  json.EndArray();
  json.EndObject();
  return std::move(*json.out());
}

std::string WriteRegressions(std::span<const float> results) {
  JsonLayout json;
  json.StartObject();
  json.Key("results");
  json.StartArray();
  json.set_single_line(true);
  for (const float value : results) {
    json.NewItem();
    AppendValue(value, json.out());
  }
  json.set_single_line(false);
  json.EndArray();
  json.EndObject();
  return std::move(*json.out());
}

std::string WriteError(std::string_view message) {
  JsonLayout json;
  json.StartObject();
  json.Key("error");
  json.String(message);
  json.EndObject();
  return std::move(*json.out());
}

}  // namespace trainyard::serving
