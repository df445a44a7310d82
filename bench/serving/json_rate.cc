// How fast a Predict body of floats becomes a tensor, and a tensor an answer, on one core; beside
// RapidJSON, which TensorFlow Serving uses, where its headers are installed.
//
// usage: json_rate [--write FILE]    with FILE: only writes the body, for other programs to read
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <random>

#if __has_include(<rapidjson/document.h>)
#include <rapidjson/document.h>
#define HAS_RAPIDJSON 1
#endif

#include "base/files.h"
#include "serving/json/predict_answer.h"
#include "serving/json/predict_body.h"

namespace trainyard::serving {
namespace {

constexpr size_t kBytes = 1'000'000;
constexpr int kRow = 784;

// Rows of numbers between 0 and 1, with so many digits.
std::string Body(int digits) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(0, 1);
  std::string json = "{\"instances\": [";
  for (int row = 0; json.size() < kBytes; ++row) {
    json += row == 0 ? "[" : ", [";
    for (int i = 0; i < kRow; ++i) {
      json += fmt::format("{}{:.{}g}", i == 0 ? "" : ", ", uniform(random), digits);
    }
    json += ']';
  }
  return json + "]}";
}

const ::tensorflow::SignatureDef& Signature() {
  static const auto* const signature = [] {
    auto* made = new ::tensorflow::SignatureDef();
    (*made->mutable_inputs())["x"].set_dtype(::tensorflow::DT_FLOAT);
    return made;
  }();
  return *signature;
}

PredictBody Read(const std::string& json) {
  return ReadPredictBody(json,
                         [](const std::string&) -> Result<const ::tensorflow::SignatureDef*> {
                           return &Signature();
                         })
      .value();
}

void ReadBody(benchmark::State& state) {
  const std::string json = Body(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Read(json));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * json.size()));
}

void WriteAnswer(benchmark::State& state) {
  const PredictBody body = Read(Body(17));
  const std::vector<std::string> names = {"y"};
  const tf::Tensor* const values = &body.inputs.at("x");
  size_t bytes = 0;
  for (auto _ : state) {
    const auto json =
        WritePredictions(static_cast<PredictFormat>(state.range(0)), names, std::span(values, 1));
    bytes += json->size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

#ifdef HAS_RAPIDJSON
// What upstream does: a document, and from it a list of values, which becomes a tensor.
void RapidJson(benchmark::State& state) {
  const std::string json = Body(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseNanAndInfFlag | rapidjson::kParseIterativeFlag>(json.data(),
                                                                                    json.size());
    std::vector<float> values;
    for (const auto& row : document["instances"].GetArray()) {
      for (const auto& value : row.GetArray()) values.push_back(value.GetFloat());
    }
    const auto tensor = tf::Tensor::FromVector(values);
    benchmark::DoNotOptimize(tensor.raw());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * json.size()));
}
BENCHMARK(RapidJson)->Arg(6)->Arg(17);
#endif

BENCHMARK(ReadBody)->ArgName("digits")->Arg(6)->Arg(17);
BENCHMARK(WriteAnswer)
    ->ArgName("columnar")
    ->Arg(static_cast<int>(PredictFormat::kRow))
    ->Arg(static_cast<int>(PredictFormat::kColumnar));

}  // namespace
}  // namespace trainyard::serving

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--write") == 0) {
    const auto status = trainyard::WriteFileAtomically(argv[2], trainyard::serving::Body(17));
    if (!status.ok()) fmt::print(stderr, "json_rate: {}\n", status.message());
    return status.ok() ? 0 : 1;
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
