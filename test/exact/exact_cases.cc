#include "exact_cases.h"

#include <fmt/format.h>

#include <random>
#include <vector>

#include <nlohmann/json.hpp>

#include "tf/ops.h"
#include "tf/session.h"

namespace trainyard::exact {
namespace {

using nlohmann::json;

template <class T>
json Encode(const tf::Tensor& tensor, const char* dtype) {
  json data = json::array();
  for (const T value : tensor.data<T>()) data.push_back(value);
  return {{"dtype", dtype}, {"shape", tensor.shape()}, {"data", data}};
}

json Encode(const tf::Tensor& tensor) {
  switch (tensor.dtype()) {
    case tf::DataType::kFloat:
      return Encode<float>(tensor, "float32");
    case tf::DataType::kDouble:
      return Encode<double>(tensor, "float64");
    case tf::DataType::kInt32:
      return Encode<int32_t>(tensor, "int32");
    case tf::DataType::kInt64:
      return Encode<int64_t>(tensor, "int64");
    default:
      CHECK(false);
  }
  return {};
}

// Everything that a case fetches, by its key.
struct Fetches {
  std::vector<std::string> keys;
  std::vector<tf::Output> outputs;

  void Add(const std::string& key, const tf::Output& output) {
    keys.push_back(key);
    outputs.push_back(output);
  }
};

void AddGradients(train::ModelBuilder& model, const Outputs& inputs, const Outputs& outputs,
                  Fetches* fetches) {
  const tf::Scope& scope = model.scope();
  tf::Output loss;
  for (const auto& [name, output] : outputs) {
    if (tf::OutputType(output) != tf::DataType::kFloat) continue;
    const tf::Output squares = tf::Sum(scope, tf::Mul(scope, output, output));
    loss = loss ? tf::Add(scope, loss, squares) : squares;
  }
  std::vector<std::string> names;
  std::vector<tf::Output> points;
  for (const auto& [name, input] : inputs) {
    if (tf::OutputType(input) != tf::DataType::kFloat) continue;
    names.push_back(name);
    points.push_back(input);
  }
  for (const train::Variable* variable : model.trainable_variables()) {
    names.push_back(variable->name);
    points.push_back(variable->value);
  }
  const std::vector<tf::Output> gradients = model.graph().AddGradients(loss, points);
  for (size_t i = 0; i < gradients.size(); ++i) fetches->Add("grad:" + names[i], gradients[i]);
}

template <class T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", result.status().message());
    std::exit(1);
  }
  return std::move(result).value();
}

}  // namespace

tf::Tensor Values::tensor() const {
  return integers.empty() ? tf::Tensor::FromValues<float>(shape, floats)
                          : tf::Tensor::FromValues<int32_t>(shape, integers);
}

Values Numbers(const tf::Shape& shape, uint64_t seed) {
  std::mt19937_64 random(seed);
  Values values{.shape = shape};
  for (int64_t i = 0; i < tf::NumElements(shape); ++i) {
    values.floats.push_back(static_cast<float>(static_cast<double>(random() >> 11) * 0x1p-52 - 1));
  }
  return values;
}

Values Integers(const tf::Shape& shape, int32_t below, uint64_t seed) {
  std::mt19937_64 random(seed);
  Values values{.shape = shape};
  for (int64_t i = 0; i < tf::NumElements(shape); ++i) {
    values.integers.push_back(static_cast<int32_t>(random() % static_cast<uint64_t>(below)));
  }
  return values;
}

void Print(const std::string& name, const Tensors& values) {
  json encoded = json::object();
  for (const auto& [key, tensor] : values) encoded[key] = Encode(tensor);
  fmt::print("{}\n", json{{"case", name}, {"values", encoded}}.dump());
}

void PrintCase(const std::string& name, const std::map<std::string, Values>& inputs,
               const std::function<Outputs(train::ModelBuilder&, const Outputs&)>& build,
               bool with_gradients) {
  tf::Graph graph;
  train::ModelBuilder model(&graph, {.mode = train::Mode::kTrain, .seed = 1});
  Outputs fed;
  Fetches fetches;
  for (const auto& [key, values] : inputs) {
    fed[key] = tf::Const(model.scope(), values.tensor(), key);
    fetches.Add("in:" + key, fed[key]);
  }
  const Outputs outputs = build(model, fed);
  if (with_gradients && graph.status().ok()) AddGradients(model, fed, outputs, &fetches);
  for (const auto& [key, output] : outputs) fetches.Add("out:" + key, output);
  for (const train::Variable& variable : model.variables()) {
    fetches.Add("var:" + variable.name, variable.value);
  }
  if (!graph.status().ok()) {
    fmt::print(stderr, "{}: {}\n", name, graph.status().message());
    std::exit(1);
  }
  const auto session = Must(tf::Session::Create(graph, {}));
  for (const train::Variable& variable : model.variables()) {
    Must(session->Run({}, {}, {variable.initialize}));
  }
  auto values = Must(session->Run({}, fetches.outputs, {}));
  Tensors printed;
  for (size_t i = 0; i < values.size(); ++i) printed[fetches.keys[i]] = std::move(values[i]);
  Print(name, printed);
}

}  // namespace trainyard::exact

int main() {
  trainyard::exact::PrintEmbeddings();
  trainyard::exact::PrintInputs();
  trainyard::exact::PrintLayers();
  trainyard::exact::PrintLosses();
  trainyard::exact::PrintMetrics();
  trainyard::exact::PrintOptimizers();
  trainyard::exact::PrintSchedules();
  return 0;
}
