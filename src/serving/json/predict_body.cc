#include "serving/json/predict_body.h"

#include <optional>
#include <utility>

#include "serving/json/inputs.h"
#include "serving/json/quote.h"
#include "serving/json/reader.h"

namespace trainyard::serving {
namespace {

// A value that has been passed, and what it gave when it was read by some signature.
struct Values {
  size_t offset = 0;
  std::string read_by;  // the signature's name
  Result<NamedTensors> tensors = InternalError("not read");
};

class BodyReader {
 public:
  BodyReader(const std::string& json, const FindSignatureFunction& find)
      : reader_(json), find_(find) {}

  Result<PredictBody> Read() {
    const size_t from = (reader_.PeekChar(), reader_.offset());
    if (!reader_.EnterObject()) {
      if (!reader_.Skip()) return reader_.error();
      return InvalidArgumentError("JSON Value: {} Is not object", Quote(from));
    }
    for (std::string_view key; reader_.NextMember(&key);) ReadMember(key);
    if (!reader_.ok()) return reader_.error();
    return Decide(from);
  }

 private:
  std::string Quote(size_t from) const { return QuoteJson(reader_.TextSince(from)); }

  // Only the first of several members of the same name counts.
  void ReadMember(std::string_view key) {
    if (key == "instances" && !instances_) {
      is_list_ = reader_.PeekChar() == '[';
      ReadValues(PredictFormat::kRow, &instances_);
    } else if (key == "inputs" && !inputs_) {
      ReadValues(PredictFormat::kColumnar, &inputs_);
    } else if (key == "signature_name" && !has_signature_) {
      has_signature_ = true;
      std::string_view name;
      is_signature_string_ = reader_.PeekChar() == '"';
      if (!is_signature_string_) {
        reader_.Skip();
      } else if (reader_.ReadString(&name)) {
        signature_ = name;
      }
    } else if (key == "output_filter" && !has_filter_) {
      has_filter_ = true;
      ReadFilter();
    } else {
      reader_.Skip();
    }
  }

  void ReadFilter() {
    const size_t from = (reader_.PeekChar(), reader_.offset());
    is_filter_list_ = reader_.EnterArray();
    std::string_view name;
    while (is_filter_list_ && reader_.NextElement()) {
      is_filter_list_ = reader_.ReadString(&name);
      filter_.emplace_back(name);
    }
    if (is_filter_list_ || !reader_.ok()) return;
    reader_.Seek(from);
    reader_.Skip();
  }

  void ReadValues(PredictFormat format, std::optional<Values>* values) {
    *values = Values{.offset = (reader_.PeekChar(), reader_.offset())};
    ReadTensors(format, &**values);
    if ((*values)->tensors.ok() || !reader_.ok()) return;
    reader_.Seek((*values)->offset);  // the rest of the text may say that it is no JSON at all
    reader_.Skip();
  }

  void ReadTensors(PredictFormat format, Values* values) {
    values->read_by = signature_;
    const auto signature = find_(signature_);
    if (!signature.ok()) {
      values->tensors = signature.status();
    } else if (format == PredictFormat::kRow) {
      values->tensors = ReadInstances(&reader_, **signature);
    } else {
      values->tensors = ReadInputs(&reader_, **signature);
    }
  }

  Result<PredictBody> Decide(size_t from) {
    if (has_signature_ && !is_signature_string_) {
      return InvalidArgumentError(
          "JSON Value: {} not formatted correctly. 'signature_name' key must be a string value.",
          Quote(from));
    }
    RETURN_IF_ERROR(find_(signature_).status());
    if (!instances_ && !inputs_) {
      return InvalidArgumentError("Missing 'inputs' or 'instances' key");
    }
    if (instances_ && inputs_) {
      return InvalidArgumentError(
          "JSON Value: {} Not formatted correctly expecting only one of 'inputs' or 'instances' "
          "keys to exist ",
          Quote(from));
    }
    if (instances_ && !is_list_) {
      return InvalidArgumentError("JSON Value: {} Expecting 'instances' to be an list/array",
                                  Quote(from));
    }
    if (instances_ && IsEmptyList(instances_->offset)) {
      return InvalidArgumentError("JSON Value: {} No values in 'instances' array", Quote(from));
    }
    if (has_filter_ && !is_filter_list_) {
      return InvalidArgumentError("JSON Value: {} 'output_filter' must be a list of strings",
                                  Quote(from));
    }
    PredictBody body;
    body.format = instances_ ? PredictFormat::kRow : PredictFormat::kColumnar;
    Values& values = instances_ ? *instances_ : *inputs_;
    if (values.read_by != signature_) {
      reader_.Seek(values.offset);
      ReadTensors(body.format, &values);
    }
    if (!values.tensors.ok()) return values.tensors.error();
    body.signature_name = std::move(signature_);
    body.inputs = std::move(values.tensors).value();
    body.output_filter = std::move(filter_);
    return body;
  }

  bool IsEmptyList(size_t offset) {
    JsonReader ahead = reader_;
    ahead.Seek(offset);
    return ahead.EnterArray() && ahead.PeekChar() == ']';
  }

  JsonReader reader_;
  const FindSignatureFunction& find_;
  std::optional<Values> instances_;
  std::optional<Values> inputs_;
  bool is_list_ = false;
  std::string signature_;
  bool has_signature_ = false;
  bool is_signature_string_ = false;
  std::vector<std::string> filter_;
  bool has_filter_ = false;
  bool is_filter_list_ = false;
};

}  // namespace

Result<PredictBody> ReadPredictBody(const std::string& json, const FindSignatureFunction& find) {
  return BodyReader(json, find).Read();
}

}  // namespace trainyard::serving
