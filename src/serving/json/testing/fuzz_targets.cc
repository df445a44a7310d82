// What holds of any text that a REST client sends.
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/testing/fuzz.h"
#include "base/wire.h"
#include "serving/json/examples_body.h"
#include "serving/json/number.h"
#include "serving/json/predict_answer.h"
#include "serving/json/predict_body.h"
#include "serving/json/reader.h"

namespace trainyard {
namespace serving {
namespace {

using ::tensorflow::SignatureDef;

SignatureDef Signature(
    std::initializer_list<std::pair<const char*, ::tensorflow::DataType>> inputs) {
  SignatureDef signature;
  for (const auto& [name, type] : inputs) (*signature.mutable_inputs())[name].set_dtype(type);
  return signature;
}

Result<PredictBody> Read(const std::string& json, const SignatureDef& signature) {
  return ReadPredictBody(
      json, [&](const std::string&) -> Result<const SignatureDef*> { return &signature; });
}

// The inputs as if they were outputs.
Result<std::string> Write(PredictBody body) {
  std::vector<std::string> names;
  std::vector<tf::Tensor> values;
  for (auto& [name, tensor] : body.inputs) {
    names.push_back(name);
    values.push_back(std::move(tensor));
  }
  return WritePredictions(PredictFormat::kColumnar, names, values);
}

// What has been read and written reads as the same.
Status CheckBackAndForth(PredictBody body, const SignatureDef& signature) {
  size_t elements = 0;
  for (const auto& [name, tensor] : body.inputs) {
    // A list without elements does not say what shape they would have.
    if (tensor.num_elements() == 0) return OkStatus();
    elements += static_cast<size_t>(tensor.num_elements());
  }
  if (elements == 0) return OkStatus();
  const Result<std::string> written = Write(std::move(body));
  if (!written.ok()) return Expect(false, "what was read can be written");
  std::string inputs = *written;
  inputs.replace(inputs.find("outputs"), 7, "inputs");
  Result<PredictBody> again = Read(inputs, signature);
  if (!again.ok()) return Expect(false, "what was written can be read: " + inputs);
  const Result<std::string> twice = Write(std::move(again).value());
  return Expect(twice.ok() && *twice == *written, "it reads as the same");
}

Status CheckPredictBody(std::string_view text) {
  static const std::vector<SignatureDef> signatures = {
      Signature({{"x", ::tensorflow::DT_FLOAT}}), Signature({{"x", ::tensorflow::DT_STRING}}),
      Signature({{"x", ::tensorflow::DT_UINT8}}),
      Signature({{"a", ::tensorflow::DT_DOUBLE}, {"b", ::tensorflow::DT_BOOL}})};
  const std::string json(text);
  JsonReader reader(json);
  const bool is_json = reader.Skip();
  for (const SignatureDef& signature : signatures) {
    Result<PredictBody> body = Read(json, signature);
    if (body.ok()) {
      RETURN_IF_ERROR(Expect(is_json, "only JSON is accepted"));
      RETURN_IF_ERROR(CheckBackAndForth(std::move(body).value(), signature));
      continue;
    }
    RETURN_IF_ERROR(
        Expect(body.error().code() == StatusCode::kInvalidArgument, "other text is refused"));
    RETURN_IF_ERROR(Expect(body.error().message().size() < 1'000 + text.size(),
                           "a complaint is not longer than the text, or short"));
    const bool is_parse_error = body.error().message().starts_with("JSON Parse error: ");
    RETURN_IF_ERROR(Expect(is_parse_error == !is_json, "no JSON is that before anything else"));
  }
  return OkStatus();
}

Status CheckNumber(std::string_view text) {
  const std::string copy(text);
  JsonNumber number;
  const char* const end = copy.c_str() + copy.size();
  if (ScanNumber(copy.c_str(), end, &number) != NumberError::kNone) return OkStatus();
  RETURN_IF_ERROR(
      Expect(number.end > copy.c_str() && number.end <= end, "a number is in the text"));
  const double value = ToDouble(number);
  const double expected = std::strtod(std::string(copy.c_str(), number.end).c_str(), nullptr);
  return Expect(value == expected || (std::isnan(value) && std::isnan(expected)),
                "a number is what the C library makes of it");
}

// Whether it is a message with fields that are messages, as far down as an Example goes.
bool IsExample(std::string_view serialized, int depth = 0) {
  WireReader reader(serialized);
  while (reader.Next()) {
    if (depth < 2 && !IsExample(reader.bytes(), depth + 1)) return false;
  }
  return reader.ok();
}

Status CheckExamplesBody(std::string_view text) {
  const std::string json(text);
  JsonReader reader(json);
  const bool is_json = reader.Skip();
  const Result<ExamplesBody> body = ReadExamplesBody(json);
  if (!body.ok()) {
    const bool is_parse_error = body.error().message().starts_with("JSON Parse error: ");
    return Expect(is_parse_error == !is_json, "no JSON is that before anything else");
  }
  RETURN_IF_ERROR(Expect(is_json && !body->examples.empty(), "only JSON is accepted"));
  for (const std::string& example : body->examples) {
    RETURN_IF_ERROR(Expect(IsExample(example), "an example is a message"));
  }
  return Expect(IsExample(body->context), "a context is a message");
}

}  // namespace
}  // namespace serving

std::vector<FuzzTarget> FuzzTargets() {
  using namespace serving;  // NOLINT: what stands above
  return {
      {"predict_body",
       CheckPredictBody,
       {R"({"signature_name": "s", "instances": [[1, 2.5e3], [-3, 0.1]]})",
        R"({"instances": [{"x": ["a\u00e9\"", {"b64": "YQ=="}]}, {"x": ["", "b"]}]})",
        R"({"inputs": {"a": [0.1, NaN, -Infinity], "b": [true, false]}, "output_filter": []})",
        R"({"inputs": [[[255], [0]]], "more": {"x": [null, {}]}})"}},
      {"examples_body",
       CheckExamplesBody,
       {R"({"examples": [{"a": 7, "b": [0.5, 1e3], "c": ["x", {"b64": "YQ=="}], "d": []}, {}],
            "context": {"e": [true, -1]}, "signature_name": "s"})"}},
      {"number", CheckNumber, {"-12345678.90123456789e-12", "1e400", "0.1", "-Infinity", "NaN"}}};
}

}  // namespace trainyard
