// Cases for test/python/exact_test.py: what our layers, losses, metrics, optimizers and schedules
// make of given numbers. Python's TensorFlow computes the same from the same numbers.
//
// The program prints a line of JSON per case:
//   {"case": "dense", "values": {"in:x": {"dtype": "float32", "shape": [2, 3], "data": [...]},
//   ...}}
// with the keys in:<input>, var:<variable> (before the case has run), out:<output>, and
// grad:<input or variable>, the gradient of the sum of the squares of all float outputs.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tf/tensor.h"
#include "train/model_builder.h"

namespace trainyard::exact {

using Tensors = std::map<std::string, tf::Tensor>;
using Outputs = std::map<std::string, tf::Output>;

// A tensor that can be copied; of the two one is empty.
struct Values {
  tf::Shape shape{};
  std::vector<float> floats{};
  std::vector<int32_t> integers{};

  tf::Tensor tensor() const;
};

// Numbers between -1 and 1 (0 and `below`) that look random and are always the same.
Values Numbers(const tf::Shape& shape, uint64_t seed);
Values Integers(const tf::Shape& shape, int32_t below, uint64_t seed);

void Print(const std::string& name, const Tensors& values);

// Builds in kTrain mode with seed 1, runs once, and prints. Gradients are those of the inputs of
// type float and of the trainable variables; none if `with_gradients` is false.
void PrintCase(
    const std::string& name, const std::map<std::string, Values>& inputs,
    const std::function<Outputs(train::ModelBuilder& model, const Outputs& inputs)>& build,
    bool with_gradients = true);

// One file each.
void PrintEmbeddings();
void PrintInputs();
void PrintLayers();
void PrintLosses();
void PrintMetrics();
void PrintOptimizers();
void PrintSchedules();

}  // namespace trainyard::exact
