#include "serving/tensor_proto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace trainyard::serving {
namespace {

using ::tensorflow::TensorProto;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tf::DataType;

TensorProto Proto(::tensorflow::DataType type, const std::vector<int64_t>& shape) {
  TensorProto proto;
  proto.set_dtype(type);
  for (const int64_t size : shape) proto.mutable_tensor_shape()->add_dim()->set_size(size);
  return proto;
}

TensorProto FloatProto(const std::vector<int64_t>& shape, const std::vector<float>& values) {
  TensorProto proto = Proto(::tensorflow::DT_FLOAT, shape);
  proto.mutable_float_val()->Add(values.begin(), values.end());
  return proto;
}

TEST(DecodeTensorTest, ReadsTheTypedField) {
  const tf::Tensor tensor = DecodeTensor(FloatProto({2, 2}, {1, 2, 3, 4})).value();
  EXPECT_THAT(tensor.shape(), ElementsAre(2, 2));
  EXPECT_THAT(tensor.data<float>(), ElementsAre(1, 2, 3, 4));
}

TEST(DecodeTensorTest, RepeatsTheLastValue) {
  EXPECT_THAT(DecodeTensor(FloatProto({4}, {1, 2})).value().data<float>(), ElementsAre(1, 2, 2, 2));
}

TEST(DecodeTensorTest, FillsWithZerosWhenThereIsNoValue) {
  EXPECT_THAT(DecodeTensor(FloatProto({3}, {})).value().data<float>(), ElementsAre(0, 0, 0));
}

TEST(DecodeTensorTest, IgnoresExtraValues) {
  EXPECT_THAT(DecodeTensor(FloatProto({2}, {1, 2, 3})).value().data<float>(), ElementsAre(1, 2));
}

TEST(DecodeTensorTest, ReadsAScalar) {
  EXPECT_EQ(DecodeTensor(FloatProto({}, {5})).value().scalar<float>(), 5);
}

TEST(DecodeTensorTest, ReadsAnEmptyTensor) {
  const tf::Tensor tensor = DecodeTensor(FloatProto({0, 3}, {1})).value();
  EXPECT_EQ(tensor.num_elements(), 0);
  EXPECT_THAT(tensor.shape(), ElementsAre(0, 3));
}

TEST(DecodeTensorTest, PrefersContentAndWantsItsExactSize) {
  TensorProto proto = FloatProto({2}, {9, 9});
  const float values[] = {1.5f, -2};
  proto.set_tensor_content(values, sizeof(values));
  EXPECT_THAT(DecodeTensor(proto).value().data<float>(), ElementsAre(1.5f, -2));
  proto.set_tensor_content(values, sizeof(values) - 1);
  EXPECT_EQ(DecodeTensor(proto).error().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(DecodeTensor(proto).error().message(), HasSubstr("7 bytes"));
}

TEST(DecodeTensorTest, NarrowsSmallIntegers) {
  TensorProto proto = Proto(::tensorflow::DT_UINT8, {2});
  proto.add_int_val(255);
  proto.add_int_val(7);
  EXPECT_THAT(DecodeTensor(proto).value().data<uint8_t>(), ElementsAre(255, 7));
  proto.set_dtype(::tensorflow::DT_INT8);
  EXPECT_THAT(DecodeTensor(proto).value().data<int8_t>(), ElementsAre(-1, 7));
}

TEST(DecodeTensorTest, ReadsStringsFromBothForms) {
  TensorProto proto = Proto(::tensorflow::DT_STRING, {3});
  proto.add_string_val("a");
  proto.add_string_val("bc");
  EXPECT_THAT(DecodeTensor(proto).value().strings(), ElementsAre("a", "bc", "bc"));
  proto.set_tensor_content(std::string("\1\0\2xyz", 6));
  EXPECT_THAT(DecodeTensor(proto).value().strings(), ElementsAre("x", "", "yz"));
  for (const std::string& bad :
       {std::string("\1\0\2xy", 5), std::string("\1\0\2xyzz", 7), std::string("\xff\xff\xff", 3),
        std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 12)}) {
    proto.set_tensor_content(bad);
    EXPECT_EQ(DecodeTensor(proto).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(DecodeTensorTest, PairsComplexValues) {
  TensorProto proto = Proto(::tensorflow::DT_COMPLEX64, {3});
  for (const float part : {1.0f, 2.0f, 3.0f, 4.0f}) proto.add_scomplex_val(part);
  const tf::Tensor tensor = DecodeTensor(proto).value();
  const auto* parts = static_cast<const float*>(tensor.raw());
  EXPECT_THAT(std::vector<float>(parts, parts + 6), ElementsAre(1, 2, 3, 4, 3, 4));
}

TEST(DecodeTensorTest, RefusesWhatCannotBeATensor) {
  EXPECT_FALSE(DecodeTensor(Proto(::tensorflow::DT_INVALID, {1})).ok());
  EXPECT_FALSE(DecodeTensor(Proto(::tensorflow::DT_RESOURCE, {1})).ok());
  EXPECT_FALSE(DecodeTensor(Proto(static_cast<::tensorflow::DataType>(999), {1})).ok());
  EXPECT_FALSE(DecodeTensor(FloatProto({-1}, {1})).ok());
  EXPECT_FALSE(DecodeTensor(FloatProto(std::vector<int64_t>(255, 1), {1})).ok());
  TensorProto unknown_rank = FloatProto({}, {1});
  unknown_rank.mutable_tensor_shape()->set_unknown_rank(true);
  EXPECT_FALSE(DecodeTensor(unknown_rank).ok());
}

TEST(DecodeTensorTest, RefusesShapesFarLargerThanTheMessage) {
  const int64_t huge = int64_t{1} << 62;
  EXPECT_FALSE(DecodeTensor(FloatProto({huge, huge}, {1})).ok());
  EXPECT_FALSE(DecodeTensor(FloatProto({0, huge, huge}, {1})).ok());
  EXPECT_FALSE(DecodeTensor(FloatProto({huge}, {1})).ok());
  EXPECT_FALSE(DecodeTensor(FloatProto({int64_t{1} << 30}, {1})).ok());
  TensorProto strings = Proto(::tensorflow::DT_STRING, {int64_t{1} << 30});
  EXPECT_FALSE(DecodeTensor(strings).ok());
  strings.set_tensor_content("x");
  EXPECT_FALSE(DecodeTensor(strings).ok());
}

TEST(EncodeTensorTest, WritesTypedFieldsByDefaultAndContentOnRequest) {
  const tf::Tensor tensor = tf::Tensor::FromVector<float>({1, 2});
  TensorProto proto;
  ASSERT_TRUE(EncodeTensor(tensor, TensorEncoding::kTypedFields, &proto).ok());
  EXPECT_THAT(proto.float_val(), ElementsAre(1, 2));
  EXPECT_EQ(proto.tensor_content(), "");
  ASSERT_TRUE(EncodeTensor(tensor, TensorEncoding::kContent, &proto).ok());
  EXPECT_EQ(proto.float_val_size(), 0);
  EXPECT_EQ(proto.tensor_content().size(), 8u);
}

TEST(EncodeTensorTest, KeepsTheShapeOfAScalar) {
  TensorProto proto;
  ASSERT_TRUE(
      EncodeTensor(tf::Tensor::Scalar<int64_t>(7), TensorEncoding::kTypedFields, &proto).ok());
  EXPECT_TRUE(proto.has_tensor_shape());
  EXPECT_THAT(proto.int64_val(), ElementsAre(7));
}

TEST(EncodeTensorTest, EveryTypeComesBackUnchanged) {
  for (const DataType type :
       {DataType::kFloat, DataType::kDouble, DataType::kInt32, DataType::kUint8, DataType::kInt16,
        DataType::kInt8, DataType::kComplex64, DataType::kInt64, DataType::kBfloat16,
        DataType::kUint16, DataType::kComplex128, DataType::kHalf, DataType::kUint32,
        DataType::kUint64}) {
    tf::Tensor tensor = tf::Tensor::Allocate(type, {2, 2});
    auto* bytes = static_cast<uint8_t*>(tensor.raw());
    // Small positive values in every type, so that no float is a signalling NaN.
    for (size_t i = 0; i < tensor.num_bytes(); ++i) bytes[i] = static_cast<uint8_t>(i % 60 + 1);
    for (const TensorEncoding encoding : {TensorEncoding::kTypedFields, TensorEncoding::kContent}) {
      TensorProto proto;
      ASSERT_TRUE(EncodeTensor(tensor, encoding, &proto).ok());
      const tf::Tensor back = DecodeTensor(proto).value();
      EXPECT_EQ(back.dtype(), type);
      EXPECT_EQ(back.shape(), tensor.shape());
      EXPECT_EQ(std::memcmp(back.raw(), tensor.raw(), tensor.num_bytes()), 0)
          << tf::DataTypeName(type);
    }
  }
}

TEST(EncodeTensorTest, TypesWithoutAFieldComeBackAsTheyCame) {
  TensorProto sent;
  sent.set_dtype(static_cast<::tensorflow::DataType>(24));  // float8_e5m2
  sent.mutable_tensor_shape()->add_dim()->set_size(2);
  sent.set_tensor_content("\x3c\x40");
  const Result<tf::Tensor> tensor = DecodeTensor(sent);
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  TensorProto answer;
  ASSERT_TRUE(EncodeTensor(*tensor, TensorEncoding::kTypedFields, &answer).ok());
  EXPECT_EQ(answer.SerializeAsString(), sent.SerializeAsString());
}

TEST(EncodeTensorTest, StringsAndBooleansComeBackUnchanged) {
  const std::vector<std::string> words = {"", std::string("a\0b", 3), std::string(100, 'x')};
  TensorProto proto;
  ASSERT_TRUE(
      EncodeTensor(tf::Tensor::FromStrings({3}, words), TensorEncoding::kContent, &proto).ok());
  EXPECT_EQ(DecodeTensor(proto).value().strings(), words);
  tf::Tensor flags = tf::Tensor::Allocate(DataType::kBool, {2});
  flags.data<bool>()[0] = true;
  flags.data<bool>()[1] = false;
  ASSERT_TRUE(EncodeTensor(flags, TensorEncoding::kTypedFields, &proto).ok());
  EXPECT_THAT(DecodeTensor(proto).value().data<bool>(), ElementsAre(true, false));
}

}  // namespace
}  // namespace trainyard::serving
