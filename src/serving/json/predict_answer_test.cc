#include "serving/json/predict_answer.h"

#include <gtest/gtest.h>

#include <complex>
#include <limits>

namespace trainyard::serving {
namespace {

using tf::DataType;
using tf::Tensor;

template <class T>
Tensor Make(const tf::Shape& shape, const std::vector<T>& values) {
  return Tensor::FromValues<T>(shape, values);
}

Tensor Flags(const tf::Shape& shape, std::initializer_list<bool> values) {
  return Tensor::FromValues<bool>(shape, std::span(values.begin(), values.size()));
}

Tensor Words(const tf::Shape& shape, const std::vector<std::string>& values) {
  return Tensor::FromStrings(shape, values);
}

// Outputs in one tensor each, named as given.
std::string Write(PredictFormat format, const std::vector<std::string>& names,
                  std::vector<Tensor> values) {
  const auto json = WritePredictions(format, names, values);
  return json.ok() ? *json : json.error().ToString();
}

template <class... T>
std::vector<Tensor> List(T... tensors) {
  std::vector<Tensor> list;
  (list.push_back(std::move(tensors)), ...);
  return list;
}

TEST(PredictAnswerTest, RowFormat) {
  EXPECT_EQ(Write(PredictFormat::kRow, {"y"}, List(Make<float>({2}, {2.5f, 3}))),
            "{\n    \"predictions\": [2.5, 3.0\n    ]\n}");
  EXPECT_EQ(Write(PredictFormat::kRow, {"y"}, List(Make<float>({2, 2}, {2.5f, 3, 2.5f, 3}))),
            "{\n    \"predictions\": [[2.5, 3.0], [2.5, 3.0]\n    ]\n}");
  EXPECT_EQ(Write(PredictFormat::kRow, {"y"}, List(Make<float>({0, 2}, {}))),
            "{\n    \"predictions\": []\n}");
  EXPECT_EQ(Write(PredictFormat::kRow, {"y"}, List(Make<float>({2, 0}, {}))),
            "{\n    \"predictions\": [[], []\n    ]\n}");
  EXPECT_EQ(
      Write(PredictFormat::kRow, {"a", "b_bytes"},
            List(Make<float>({1, 2}, {2.5f, 3}), Words({1}, {"a"}))),
      "{\n    \"predictions\": [\n        {\n            \"a\": [2.5, 3.0],\n            "
      "\"b_bytes\": {\n                \"b64\": \"YQ==\"\n            }\n        }\n    ]\n}");
  EXPECT_EQ(Write(PredictFormat::kRow, {"a", "b"},
                  List(Make<int64_t>({2}, {1, 2}), Flags({2}, {true, false}))),
            "{\n    \"predictions\": [\n        {\n            \"a\": 1,\n            \"b\": true\n"
            "        },\n        {\n            \"a\": 2,\n            \"b\": false\n        }\n"
            "    ]\n}");
}

TEST(PredictAnswerTest, ColumnarFormat) {
  EXPECT_EQ(Write(PredictFormat::kColumnar, {"y"}, List(Make<float>({1, 2}, {2.5f, 3}))),
            "{\n    \"outputs\": [\n        [\n            2.5,\n            3.0\n        ]\n    "
            "]\n}");
  EXPECT_EQ(Write(PredictFormat::kColumnar, {"y"}, List(Make<float>({}, {2.5f}))),
            "{\n    \"outputs\": 2.5\n}");
  EXPECT_EQ(Write(PredictFormat::kColumnar, {"y"}, List(Make<float>({0}, {}))),
            "{\n    \"outputs\": []\n}");
  EXPECT_EQ(Write(PredictFormat::kColumnar, {"a", "b"},
                  List(Make<int32_t>({1}, {7}), Words({}, {"q\"\n"}))),
            "{\n    \"outputs\": {\n        \"a\": [\n            7\n        ],\n        \"b\": "
            "\"q\\\"\\n\"\n    }\n}");
}

TEST(PredictAnswerTest, EveryType) {
  const auto row = [](Tensor value) {
    const std::string json = Write(PredictFormat::kRow, {"y"}, List(std::move(value)));
    const size_t begin = json.find('[') + 1;
    return json.substr(begin, json.find("\n    ]") - begin);
  };
  EXPECT_EQ(row(Make<int8_t>({2}, {-128, 127})), "-128, 127");
  EXPECT_EQ(row(Make<uint8_t>({1}, {255})), "255");
  EXPECT_EQ(row(Make<int16_t>({1}, {-32768})), "-32768");
  EXPECT_EQ(row(Make<uint32_t>({1}, {4294967295u})), "4294967295");
  EXPECT_EQ(row(Make<uint64_t>({1}, {18446744073709551615u})), "18446744073709551615");
  EXPECT_EQ(row(Make<int64_t>({1}, {std::numeric_limits<int64_t>::min()})), "-9223372036854775808");
  EXPECT_EQ(row(Make<double>({2}, {0.1, 1.0 / 3})), "0.1, 0.33333333333333331");
  EXPECT_EQ(row(Words({2}, {"\xff", "b"})), "\"\xff\", \"b\"");
  Tensor half = Tensor::Allocate(DataType::kHalf, {2});
  static_cast<uint16_t*>(half.raw())[0] = 0x2E66;
  static_cast<uint16_t*>(half.raw())[1] = 0x7C00;
  EXPECT_EQ(row(std::move(half)), "0.0999755859, Infinity");
  Tensor bfloat = Tensor::Allocate(DataType::kBfloat16, {1});
  static_cast<uint16_t*>(bfloat.raw())[0] = 0x3FC0;
  EXPECT_EQ(row(std::move(bfloat)), "1.5");
  Tensor complex = Tensor::Allocate(DataType::kComplex64, {1});
  static_cast<std::complex<float>*>(complex.raw())[0] = {1, -2};
  EXPECT_EQ(row(std::move(complex)), "[1.0, -2.0]");
}

TEST(PredictAnswerTest, RefusesInTheKnownWords) {
  EXPECT_EQ(Write(PredictFormat::kRow, {"y"}, List(Make<float>({}, {1}))),
            "INVALID_ARGUMENT: Tensor name: y has no shape information ");
  EXPECT_EQ(
      Write(PredictFormat::kRow, {"a", "b"}, List(Make<float>({1}, {1}), Make<float>({2}, {1, 2}))),
      "INVALID_ARGUMENT: Tensor name: b has inconsistent batch size: 2 expecting: 1");
  EXPECT_EQ(Write(PredictFormat::kRow, {}, {}),
            "INVALID_ARGUMENT: Cannot convert empty tensor map to JSON");
}

TEST(PredictAnswerTest, ClassifyRegressAndErrors) {
  const std::vector<std::vector<LabelledScore>> results = {{{"", 3}}};
  EXPECT_EQ(WriteClassifications(results), "{\n    \"results\": [[[\"\", 3.0]]\n    ]\n}");
  const std::vector<float> values = {3, 3};
  EXPECT_EQ(WriteRegressions(values), "{\n    \"results\": [3.0, 3.0\n    ]\n}");
  EXPECT_EQ(WriteError("say \"a\""), "{\n    \"error\": \"say \\\"a\\\"\"\n}");
}

}  // namespace
}  // namespace trainyard::serving
