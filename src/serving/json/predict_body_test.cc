#include "serving/json/predict_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <utility>
#include <vector>

#include "serving/json/element.h"

namespace trainyard::serving {
namespace {

using ::tensorflow::SignatureDef;
using ::testing::ElementsAre;
using tf::DataType;

SignatureDef Signature(const std::vector<std::pair<std::string, DataType>>& inputs) {
  SignatureDef signature;
  for (const auto& [name, type] : inputs) {
    (*signature.mutable_inputs())[name].set_dtype(static_cast<::tensorflow::DataType>(type));
  }
  return signature;
}

Result<PredictBody> Read(const std::string& json, const SignatureDef& signature) {
  return ReadPredictBody(json, [&](const std::string& name) -> Result<const SignatureDef*> {
    if (!name.empty() && name != "s") return InvalidArgumentError("no signature {}", name);
    return &signature;
  });
}

// The only input of a body that is right.
tf::Tensor ReadOne(const std::string& json, DataType type) {
  auto body = Read(json, Signature({{"x", type}}));
  EXPECT_TRUE(body.ok()) << json << ": " << body.status();
  return body.ok() ? std::move(body->inputs.at("x")) : tf::Tensor();
}

template <class T>
std::vector<T> Values(const tf::Tensor& tensor) {
  const auto* const begin = static_cast<const T*>(tensor.raw());
  return {begin, begin + tensor.num_elements()};
}

TEST(PredictBodyTest, FindsTheShape) {
  for (const auto& [json, shape] : std::vector<std::pair<const char*, const char*>>{
           {R"({"inputs": 5})", "[]"},
           {R"({"inputs": []})", "[0]"},
           {R"({"inputs": [[], []]})", "[2,0]"},
           {R"({"inputs": [1, 2, 3]})", "[3]"},
           {R"({"inputs": [[[1], [2]], [[3], [4]], [[5], [6]]]})", "[3,2,1]"},
           {R"({"instances": [5]})", "[1]"},
           {R"({"instances": [5, 6]})", "[2]"},
           {R"({"instances": [[], []]})", "[2,0]"},
           {R"({"instances": [[[1, 2]], [[3, 4]], [[5, 6]]]})", "[3,1,2]"},
           {R"({"instances": [{"x": [1]}, {"x": [2]}]})", "[2,1]"},
           {R"({"inputs": {"x": [1, 2]}})", "[2]"},
           {R"({"inputs": {"y": [[]], "x": [1, 2]}})", "[2]"}}) {
    EXPECT_EQ(tf::ShapeToString(ReadOne(json, DataType::kFloat).shape()), shape) << json;
  }
}

TEST(PredictBodyTest, ReadsFloats) {
  const tf::Tensor x =
      ReadOne(R"( {"inputs" : [ 1 , -2.5,1e3,1e39, -1e39,3.4028235677973366e38,0.1,16777217] } )",
              DataType::kFloat);
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_THAT(x.data<float>(),
              ElementsAre(1, -2.5f, 1000, infinity, -infinity, infinity, 0.1f, 16777216));
  const tf::Tensor special = ReadOne(R"({"inputs": [NaN, Infinity, -Inf]})", DataType::kDouble);
  EXPECT_TRUE(std::isnan(special.data<double>()[0]));
  EXPECT_EQ(special.data<double>()[2], -std::numeric_limits<double>::infinity());
}

TEST(PredictBodyTest, MoreValuesThanTheFirstGuessOfMemory) {
  std::string json = R"({"inputs": [)";
  for (int i = 0; i < 100'000; ++i) json += i == 0 ? "0" : i % 2 == 0 ? ",0" : ",1";
  const tf::Tensor x = ReadOne(json + "]}", DataType::kDouble);
  ASSERT_EQ(x.num_elements(), 100'000);
  for (size_t i = 0; i < 100'000; ++i) ASSERT_EQ(x.data<double>()[i], i % 2);
}

TEST(PredictBodyTest, ReadsEveryType) {
  const auto small = [](const tf::Tensor& tensor) { return tensor.num_elements() == 2; };
  EXPECT_THAT(ReadOne(R"({"inputs": [-128, 127]})", DataType::kInt8).data<int8_t>(),
              ElementsAre(-128, 127));
  EXPECT_THAT(ReadOne(R"({"inputs": [0, 255]})", DataType::kUint8).data<uint8_t>(),
              ElementsAre(0, 255));
  EXPECT_THAT(Values<uint16_t>(ReadOne(R"({"inputs": [0, 65535]})", DataType::kUint16)),
              ElementsAre(0, 65535));
  EXPECT_THAT(ReadOne(R"({"inputs": [-9223372036854775808]})", DataType::kInt64).data<int64_t>(),
              ElementsAre(std::numeric_limits<int64_t>::min()));
  EXPECT_THAT(ReadOne(R"({"inputs": [18446744073709551615]})", DataType::kUint64).data<uint64_t>(),
              ElementsAre(std::numeric_limits<uint64_t>::max()));
  EXPECT_THAT(ReadOne(R"({"inputs": [true, false]})", DataType::kBool).data<bool>(),
              ElementsAre(true, false));
  EXPECT_THAT(
      ReadOne(R"({"inputs": ["a\u0000b", {"b64": "/w=="}, ""]})", DataType::kString).strings(),
      ElementsAre(std::string("a\0b", 3), "\xff", ""));
  EXPECT_THAT(ReadOne(R"({"inputs": {"b64": "YWI="}})", DataType::kString).strings(),
              ElementsAre("ab"));
  EXPECT_THAT(ReadOne(R"({"instances": [{"b64": "YWI="}, "c"]})", DataType::kString).strings(),
              ElementsAre("ab", "c"));
  const tf::Tensor half = ReadOne(R"({"inputs": [0.1, 70000]})", DataType::kHalf);
  EXPECT_THAT(Values<uint16_t>(half), ElementsAre(0x2E66, 0x7C00));
  const tf::Tensor bfloat = ReadOne(R"({"inputs": [1.00390625, 1.01171875]})", DataType::kBfloat16);
  EXPECT_THAT(Values<uint16_t>(bfloat), ElementsAre(0x3F80, 0x3F82));  // to the even one
  const tf::Tensor complex = ReadOne(R"({"instances": [[1, 2], [3, -4]]})", DataType::kComplex64);
  ASSERT_TRUE(small(complex));
  EXPECT_THAT(Values<std::complex<float>>(complex),
              ElementsAre(std::complex<float>(1, 2), std::complex<float>(3, -4)));
  // A reference to a variable is fed like its value.
  EXPECT_EQ(ReadOne(R"({"inputs": 1})", static_cast<DataType>(101)).dtype(), DataType::kFloat);
}

TEST(PredictBodyTest, KeysComeInAnyOrder) {
  const SignatureDef signature = Signature({{"x", DataType::kInt32}});
  for (const char* json :
       {R"({"signature_name": "s", "inputs": 1})", R"({"inputs": 1, "signature_name": "s"})",
        R"({"more": {"inputs": []}, "inputs": 1, "inputs": "2",
                               "signature_name": "s"} trailing)"}) {
    const auto body = Read(json, signature);
    ASSERT_TRUE(body.ok()) << json << body.status();
    EXPECT_EQ(body->signature_name, "s");
    EXPECT_EQ(body->inputs.at("x").scalar<int32_t>(), 1);
    EXPECT_EQ(body->format, PredictFormat::kColumnar);
  }
}

TEST(PredictBodyTest, ALaterSignatureNameDecidesHowValuesAreRead) {
  const SignatureDef words = Signature({{"word", DataType::kString}});
  const SignatureDef numbers = Signature({{"x", DataType::kFloat}});
  const auto body = ReadPredictBody(R"({"instances": ["a"], "signature_name": "words"})",
                                    [&](const std::string& name) -> Result<const SignatureDef*> {
                                      return name == "words" ? &words : &numbers;
                                    });
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_THAT(body->inputs.at("word").strings(), ElementsAre("a"));
}

TEST(PredictBodyTest, SeveralInputsByRowAndByColumn) {
  const SignatureDef signature = Signature({{"a", DataType::kFloat}, {"b", DataType::kString}});
  for (const char* json : {R"({"instances": [{"a": [1, 2], "b": "x"}, {"b": "y", "a": [3, 4]}]})",
                           R"({"inputs": {"b": ["x", "y"], "a": [[1, 2], [3, 4]]}})"}) {
    const auto body = Read(json, signature);
    ASSERT_TRUE(body.ok()) << body.status();
    EXPECT_THAT(body->inputs.at("a").data<float>(), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(body->inputs.at("b").strings(), ElementsAre("x", "y"));
  }
}

TEST(PredictBodyTest, DefaultsFilterAndNoInputs) {
  SignatureDef signature = Signature({{"a", DataType::kFloat}, {"b", DataType::kFloat}});
  (*signature.mutable_defaults())["b"].set_dtype(::tensorflow::DT_FLOAT);
  for (const char* json : {R"({"instances": [{"a": 1}, {"a": 2}], "output_filter": ["y"]})",
                           R"({"inputs": {"a": [1, 2]}, "output_filter": ["y"]})"}) {
    const auto body = Read(json, signature);
    ASSERT_TRUE(body.ok()) << body.status();
    EXPECT_EQ(body->inputs.size(), 1u);
    EXPECT_THAT(body->output_filter, ElementsAre("y"));
  }
  // In some rows, but not in all.
  EXPECT_FALSE(Read(R"({"instances": [{"a": 1}, {"a": 2, "b": 3}]})", signature).ok());
  EXPECT_FALSE(Read(R"({"instances": [{"a": 1, "b": 3}, {"a": 2}]})", signature).ok());
  EXPECT_TRUE(Read(R"({"inputs": {}})", Signature({})).ok());
  EXPECT_TRUE(Read(R"({"instances": [{}]})", Signature({})).ok());
}

struct Refusal {
  const char* json;
  DataType type;
  const char* text;
};

TEST(PredictBodyTest, RefusesInTheKnownWords) {
  constexpr char kElement[] = "Failed to process element: ";
  const std::vector<Refusal> refusals = {
      {"", DataType::kFloat, "JSON Parse error: The document is empty"},
      {"[1]", DataType::kFloat, "JSON Value: [\n    1\n] Is not object"},
      {"{}", DataType::kFloat, "Missing 'inputs' or 'instances' key"},
      {R"({"inputs": 1, "instances": [1]})", DataType::kFloat,
       "JSON Value: {\n    \"inputs\": 1,\n    \"instances\": [\n        1\n    ]\n} Not formatted "
       "correctly expecting only one of 'inputs' or 'instances' keys to exist "},
      {R"({"signature_name": 1, "inputs": 1})", DataType::kFloat,
       "JSON Value: {\n    \"signature_name\": 1,\n    \"inputs\": 1\n} not formatted correctly. "
       "'signature_name' key must be a string value."},
      {R"({"instances": 1})", DataType::kFloat,
       "JSON Value: {\n    \"instances\": 1\n} Expecting 'instances' to be an list/array"},
      {R"({"instances": []})", DataType::kFloat,
       "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"},
      {R"({"signature_name": "t", "inputs": 1})", DataType::kFloat, "no signature t"},
      {R"({"inputs": ["a"]})", DataType::kFloat,
       "JSON Value: \"a\" Type: String is not of expected type: float"},
      {R"({"inputs": [1.0]})", DataType::kInt32,
       "JSON Value: 1.0 Type: Number is not of expected type: int32"},
      {R"({"inputs": [128]})", DataType::kInt8,
       "JSON Value: 128 Type: Number is not of expected type: int8"},
      {R"({"inputs": [-1]})", DataType::kUint64,
       "JSON Value: -1 Type: Number is not of expected type: uint64"},
      {R"({"inputs": [1]})", DataType::kBool,
       "JSON Value: 1 Type: Number is not of expected type: bool"},
      {R"({"inputs": [null]})", DataType::kString,
       "JSON Value: null Type: Null is not of expected type: string"},
      {R"({"inputs": [{"b64": "YQ=="}]})", DataType::kFloat,
       "JSON Value: {\n    \"b64\": \"YQ==\"\n} Type: Object is not of expected type: float"},
      {R"({"inputs": [{"b65": "YQ=="}]})", DataType::kString,
       "JSON Value: {\n    \"b65\": \"YQ==\"\n} not formatted correctly for base64 data"},
      {R"({"inputs": {"b64": "*"}})", DataType::kString, "Unable to base64 decode"},
      {R"({"inputs": [[1], [2, 3]]})", DataType::kFloat,
       "Encountered list at unexpected size: 2 at level: 1 expected size: 1"},
      {R"({"inputs": [1, [2]]})", DataType::kFloat,
       "Encountered list at unexpected level: 1 expected < 1"},
      {R"({"inputs": [[1], 2]})", DataType::kFloat,
       "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"},
      {R"({"inputs": {"y": 1}})", DataType::kFloat, "Missing named input: x in 'inputs' object."},
      {R"({"inputs": 1})", DataType::kResource, "Conversion of JSON Value: 1 to type: resource"},
      {R"({"inputs": [1, 2, 3]})", DataType::kComplex64,
       "a complex number is a list of its real and its imaginary part, but the last dimension of "
       "[3] is not 2"},
      {R"({"inputs": [1, 1e999]})", DataType::kDouble,
       "JSON Parse error: Number too big to be stored in double. at offset: 15"},
      {R"({"instances": [1, "a"]})", DataType::kFloat,
       "1 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: \"a\" Type: String is not of "
       "expected type: float"},
      {R"({"instances": [[1], [2, 3]]})", DataType::kFloat,
       "1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 1 but got: 2"},
      {R"({"instances": [[[1, 2]], [[3], [4]]]})", DataType::kFloat,
       "1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [1,2] but got: [2,1]"},
      {R"({"instances": [{"y": 1}]})", DataType::kFloat,
       "0 key: y of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have named "
       "input: y"},
      {R"({"instances": [{"x": "a"}]})", DataType::kFloat,
       "0 key: x of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: \"a\" Type: String is "
       "not of expected type: float"},
      {R"({"instances": [{"x": 1}, {}]})", DataType::kFloat,
       "1 of 'instances' list. JSON object: {} keys must be equal to: x"},
      {R"({"instances": [{"x": 1, "x": 2}]})", DataType::kFloat,
       "0 of 'instances' list. JSON object: {\n    \"x\": 1,\n    \"x\": 2\n} keys must be equal "
       "to: "
       "x"},
      {R"({"instances": [{"x": 1}, 2]})", DataType::kFloat,
       "Expecting object but got list at item 1 of input list"},
      {R"({"instances": [1, {"x": 2}]})", DataType::kFloat,
       "Expecting value/list but got object at item 1 of input list"},
      {R"({"instances": [1], "output_filter": "y"})", DataType::kFloat,
       "JSON Value: {\n    \"instances\": [\n        1\n    ],\n    \"output_filter\": \"y\"\n} "
       "'output_filter' must be a list of strings"},
      // A text that is no JSON is that before anything else.
      {R"({"inputs": ["a"], x})", DataType::kFloat,
       "JSON Parse error: Missing a name for object member. at offset: 18"},
      {R"({"inputs": ["a", 01]})", DataType::kFloat,
       "JSON Parse error: Missing a comma or ] after an array element. at offset: 18"},
      {R"({"inputs": [1, 2)", DataType::kFloat,
       "JSON Parse error: Missing a comma or ] after an array element. at offset: 16"},
  };
  for (const Refusal& refusal : refusals) {
    const auto body = Read(refusal.json, Signature({{"x", refusal.type}}));
    ASSERT_FALSE(body.ok()) << refusal.json;
    const std::string text = refusal.text;
    const bool is_element = text.find("of 'instances' list.") != text.npos;
    EXPECT_EQ(body.error().message(), (is_element ? kElement : "") + text) << refusal.json;
    EXPECT_EQ(body.error().code(), refusal.type == DataType::kResource
                                       ? StatusCode::kUnimplemented
                                       : StatusCode::kInvalidArgument);
  }
  const SignatureDef two = Signature({{"a", DataType::kFloat}, {"b", DataType::kFloat}});
  EXPECT_EQ(Read(R"({"instances": [1]})", two).status().message(),
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map");
  EXPECT_EQ(Read(R"({"inputs": [1]})", two).status().message(),
            "inputs is a plain value/list, but expecting an object as multiple input tensors "
            "required as per tensorinfo_map");
  EXPECT_EQ(
      Read(R"({"instances": [{"a": 1}]})", two).status().message(),
      "Failed to process element: 0 of 'instances' list. JSON object: {\n    \"a\": 1\n} keys "
      "must be equal to: a,b");
}

TEST(PredictBodyTest, HostileTextEnds) {
  const SignatureDef signature = Signature({{"x", DataType::kFloat}});
  EXPECT_FALSE(Read(R"({"inputs": )" + std::string(5'000'000, '['), signature).ok());
  EXPECT_FALSE(Read(std::string(5'000'000, '{'), signature).ok());
  EXPECT_FALSE(Read(R"({"more": )" + std::string(5'000'000, '['), signature).ok());
  EXPECT_FALSE(Read(R"({"inputs": -)", signature).ok());
  EXPECT_FALSE(Read(std::string("{\"inputs\": [1,\0]}", 17), signature).ok());
}

}  // namespace
}  // namespace trainyard::serving
