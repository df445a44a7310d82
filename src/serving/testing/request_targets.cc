#include <algorithm>

#include "serving/access/token_check.h"
#include "serving/frontends/grpc/channel_arguments.h"
#include "serving/inference/examples.h"
#include "serving/inference/inference_proto.h"
#include "serving/metrics/access_log.h"
#include "serving/metrics/metrics_text.h"
#include "serving/tensor_proto.h"
#include "serving/testing/fuzz_targets.h"
#include "tensorflow/serving/classification.pb.h"

namespace trainyard::serving {
namespace {

constexpr char kToken[] = "0123456789abcdef";

// Bytes as TensorProto, to a tensor, and back in both forms.
Status CheckTensor(std::string_view bytes) {
  ::tensorflow::TensorProto proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return OkStatus();
  const Result<tf::Tensor> tensor = DecodeTensor(proto);
  if (!tensor.ok()) {
    return Expect(tensor.status().code() == StatusCode::kInvalidArgument, "wrong use");
  }
  const int64_t carried = static_cast<int64_t>(bytes.size());
  RETURN_IF_ERROR(
      Expect(static_cast<int64_t>(tensor->num_bytes()) <= kMaxFilledBytes + 64 * carried,
             "a small message makes no huge tensor"));
  if (static_cast<int64_t>(tensor->num_bytes()) > 64 * carried + 4096) return OkStatus();
  for (const TensorEncoding encoding : {TensorEncoding::kTypedFields, TensorEncoding::kContent}) {
    ::tensorflow::TensorProto written;
    RETURN_IF_ERROR(EncodeTensor(*tensor, encoding, &written));
    const Result<tf::Tensor> again = DecodeTensor(written);
    if (!again.ok()) return again.status();
    RETURN_IF_ERROR(Expect(again->dtype() == tensor->dtype() && again->shape() == tensor->shape(),
                           "what is written reads as the same"));
    if (tensor->dtype() == tf::DataType::kString) {
      RETURN_IF_ERROR(Expect(again->strings() == tensor->strings(), "with the same strings"));
    } else if (tensor->dtype() != tf::DataType::kBool) {  // a bool's byte may be any at first
      RETURN_IF_ERROR(
          Expect(std::equal(static_cast<const char*>(tensor->raw()),
                            static_cast<const char*>(tensor->raw()) + tensor->num_bytes(),
                            static_cast<const char*>(again->raw())),
                 "with the same values"));
    }
  }
  return OkStatus();
}

Status CheckExamples(std::string_view bytes) {
  ::tensorflow::serving::ClassificationRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return OkStatus();
  const Examples examples = ExamplesOf(request.input());
  const Result<tf::Tensor> tensor = ToTensor(examples);
  if (examples.serialized.empty()) return Expect(!tensor.ok(), "none are refused");
  RETURN_IF_ERROR(tensor.status());
  const std::vector<std::string> strings = tensor->strings();
  RETURN_IF_ERROR(Expect(strings.size() == examples.serialized.size(), "one for each"));
  for (size_t i = 0; i < strings.size(); ++i) {
    RETURN_IF_ERROR(Expect(
        strings[i].starts_with(examples.context) && strings[i].ends_with(examples.serialized[i]),
        "context and example, as they came"));
  }
  return OkStatus();
}

Status CheckTokens(std::string_view text) {
  const Result<TokenCheck> tokens = TokenCheck::Parse(text);
  if (!tokens.ok()) {
    return Expect(tokens.status().message().size() < 200, "no token stands in the message");
  }
  RETURN_IF_ERROR(Expect(tokens->is_needed(), "a file without tokens is refused"));
  return Expect(!tokens->Check("").ok() && !tokens->Check("Bearer ").ok(), "nobody comes without");
}

Status CheckAuthorization(std::string_view header) {
  const TokenCheck tokens = TokenCheck::Parse(kToken).value();
  if (!tokens.Check(header).ok()) return OkStatus();
  return Expect(header.find(kToken) != std::string_view::npos, "only the token opens");
}

Status CheckArguments(std::string_view text) {
  const auto arguments = ParseChannelArguments(text);
  if (!arguments.ok()) return OkStatus();
  for (const auto& [name, value] : *arguments) {
    RETURN_IF_ERROR(
        Expect(!name.empty() && name.find(',') == std::string::npos, "names are names"));
  }
  return OkStatus();
}

// Whatever names clients send: a line of the log and a line of the metrics stay one line each.
Status CheckLines(std::string_view name) {
  const RequestRecord record{.model = name, .signature = name, .peer = name};
  const std::string line = FormatAccessLine(record, {});
  RETURN_IF_ERROR(Expect(std::count(line.begin(), line.end(), '\n') == 1, "one line"));
  RETURN_IF_ERROR(Expect(
      std::all_of(line.begin(), line.end() - 1, [](char c) { return c >= 0x20 && c < 0x7f; }),
      "of plain characters"));
  MetricsText text;
  text.Family("f", MetricType::kGauge, "Help.");
  text.Value({{"name", name}}, int64_t{1});
  const std::string page = std::move(text).str();
  return Expect(std::count(page.begin(), page.end(), '\n') == 3, "one line for each value");
}

std::string SmallTensor() {
  ::tensorflow::TensorProto proto;
  proto.set_dtype(::tensorflow::DT_FLOAT);
  proto.mutable_tensor_shape()->add_dim()->set_size(2);
  proto.add_float_val(1);
  return proto.SerializeAsString();
}

std::string StringTensor() {
  ::tensorflow::TensorProto proto;
  proto.set_dtype(::tensorflow::DT_STRING);
  proto.mutable_tensor_shape()->add_dim()->set_size(2);
  proto.set_tensor_content(
      "\x01\x02"
      "abc");
  return proto.SerializeAsString();
}

std::string SmallRequest() {
  ::tensorflow::serving::ClassificationRequest request;
  auto* list = request.mutable_input()->mutable_example_list_with_context();
  list->add_examples("one");
  list->add_examples("");
  list->set_context("context");
  return request.SerializeAsString();
}

}  // namespace

std::vector<FuzzTarget> RequestTargets() {
  return {{"tensor", CheckTensor, {SmallTensor(), StringTensor()}},
          {"examples", CheckExamples, {SmallRequest()}},
          {"token_file", CheckTokens, {"# a\n0123456789abcdef\n\n fedcba9876543210=\r\n"}},
          {"authorization", CheckAuthorization, {"Bearer 0123456789abcdef", "bearer 0123"}},
          {"channel_arguments", CheckArguments, {"grpc.a=1,grpc.b=x,c="}},
          {"names", CheckLines, {"digits", "a\"b\\c\n\xff"}}};
}

}  // namespace trainyard::serving
