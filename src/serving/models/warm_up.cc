#include "serving/models/warm_up.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/files.h"
#include "records/record_reader.h"
#include "serving/inference/classify.h"
#include "serving/inference/inference_proto.h"
#include "serving/inference/multi_inference.h"
#include "serving/inference/predict.h"
#include "serving/inference/regress.h"
#include "tensorflow/serving/prediction_log.pb.h"

namespace trainyard::serving {
namespace {

using ::tensorflow::serving::PredictionLog;

constexpr char kFile[] = "assets.extra/tf_serving_warmup_requests";
constexpr int kMaxRecords = 1000;
constexpr int kMaxPrepared = 16;
// Of one request: a model that never answers must fail to load rather than load for ever.
constexpr std::chrono::minutes kLongestRequest{10};

// As the gRPC services answer, without the answer.
Status RunOnce(const Servable& servable, const PredictionLog& log) {
  const RunLimits limits{.deadline = std::chrono::steady_clock::now() + kLongestRequest};
  switch (log.log_type_case()) {
    case PredictionLog::kPredictLog: {
      ::tensorflow::serving::PredictResponse response;
      return Predict(servable, TensorEncoding::kTypedFields, MethodNames::kIgnored,
                     log.predict_log().request(), limits, &response);
    }
    case PredictionLog::kClassifyLog: {
      const auto& request = log.classify_log().request();
      return Classify(servable, request.model_spec().signature_name(), ExamplesOf(request.input()),
                      MethodNames::kIgnored, limits)
          .status();
    }
    case PredictionLog::kRegressLog: {
      const auto& request = log.regress_log().request();
      return Regress(servable, request.model_spec().signature_name(), ExamplesOf(request.input()),
                     MethodNames::kIgnored, limits)
          .status();
    }
    case PredictionLog::kMultiInferenceLog: {
      ::tensorflow::serving::MultiInferenceResponse response;
      return MultiInference(servable, log.multi_inference_log().request(), MethodNames::kIgnored,
                            limits, &response);
    }
    case PredictionLog::kSessionRunLog:
    case PredictionLog::kPredictStreamedLog:
      return UnimplementedError("Unsupported log_type for warmup: {}",
                                static_cast<int>(log.log_type_case()));
    case PredictionLog::LOG_TYPE_NOT_SET:
      break;
  }
  return OkStatus();
}

Status RunRecord(const Servable& servable, const records::Record& record, const std::string& path,
                 int iterations) {
  PredictionLog log;
  if (!log.ParseFromArray(record.bytes.data(), static_cast<int>(record.bytes.size()))) {
    return InvalidArgumentError("Failed to parse warmup record: at byte {} of {}", record.offset,
                                path);
  }
  for (int i = 0; i < iterations; ++i) {
    const Status done = RunOnce(servable, log);
    if (!done.ok()) {
      return done.WithContext(fmt::format("warm-up record at byte {} of {}", record.offset, path));
    }
  }
  return OkStatus();
}

void PrepareSignature(const Servable& servable, const BoundSignature& signature) {
  const tf::Tensor number = tf::Tensor::Scalar(0.0f);
  const tf::Tensor word = tf::Tensor::StringScalar("");
  std::vector<tf::Feed> feeds;
  std::vector<tf::Output> fetches;
  for (const auto& [alias, input] : signature.inputs) {
    if (!input) return;
    const bool takes_words = tf::OutputType(input) == tf::DataType::kString;
    feeds.push_back({input, takes_words ? &number : &word});  // what it does not take
  }
  for (const auto& [alias, output] : signature.outputs) {
    if (!output) return;
    fetches.push_back(output);
  }
  if (feeds.empty()) return;  // there would be nothing to refuse the run for
  const auto refused = servable.Run(feeds, fetches, {});
  static_cast<void>(refused);
}

Status RunFile(const Servable& servable, const std::string& path, int iterations,
               int64_t* records) {
  ASSIGN_OR_RETURN(const auto reader, records::RecordReader::Open(path));
  while (true) {
    ASSIGN_OR_RETURN(const records::Record record, reader->Next());
    if (record.state == records::RecordState::kEnd) return OkStatus();
    if (record.state != records::RecordState::kWhole) {
      return DataLossError(
          "damaged record at byte {} of {}. Please verify your warmup data is in TFRecord format.",
          record.offset, path);
    }
    if (*records == kMaxRecords) {
      return InvalidArgumentError("Number of warmup records exceeds the maximum ({}) at {}",
                                  kMaxRecords, path);
    }
    ++*records;
    RETURN_IF_ERROR(RunRecord(servable, record, path, iterations));
  }
}

}  // namespace

Status WarmUp(const Servable& servable, const std::string& directory,
              const WarmUpOptions& options) {
  const std::string path = JoinPath(directory, kFile);
  if (!PathExists(path)) return OkStatus();
  const auto start = std::chrono::steady_clock::now();
  int64_t records = 0;
  const Status done = RunFile(servable, path, std::max(1, options.iterations), &records);
  if (options.metrics != nullptr) {
    options.metrics->CountWarmup(directory, done, records,
                                 std::chrono::steady_clock::now() - start);
  }
  return done;
}

void PrepareSignatures(const Servable& servable) {
  int prepared = 0;
  const auto prepare = [&](const std::string& name) {
    const BoundSignature* signature = servable.FindSignature(name);
    if (signature == nullptr || prepared == kMaxPrepared) return;
    PrepareSignature(servable, *signature);
    ++prepared;
  };
  prepare(kDefaultSignature);
  for (const auto& [name, definition] : servable.definitions().signature_def()) {
    if (name != kDefaultSignature) prepare(name);
  }
}

}  // namespace trainyard::serving
