#include "cli/predict_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::cli {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace tensorflow = ::tensorflow;

tensorflow::TensorInfo Info(tensorflow::DataType dtype, const std::vector<int64_t>& shape) {
  tensorflow::TensorInfo info;
  info.set_dtype(dtype);
  for (const int64_t size : shape) info.mutable_tensor_shape()->add_dim()->set_size(size);
  return info;
}

tensorflow::SignatureDef Signature(const std::map<std::string, tensorflow::TensorInfo>& inputs) {
  tensorflow::SignatureDef signature;
  signature.mutable_inputs()->insert(inputs.begin(), inputs.end());
  return signature;
}

TEST(ChooseImageInputTest, UnderstandsTheUsualShapes) {
  const struct {
    std::vector<int64_t> shape;
    int width, height;
    std::vector<int64_t> request;
  } cases[] = {
      {{-1, 28, 28, 1}, 28, 28, {1, 28, 28, 1}},
      {{-1, 32, 16, 1}, 16, 32, {1, 32, 16, 1}},
      {{-1, 28, 28}, 28, 28, {1, 28, 28}},
      {{-1, 784}, 28, 28, {1, 784}},
      {{-1, 64}, 8, 8, {1, 64}},
      {{-1, -1, -1, 1}, 28, 28, {1, 28, 28, 1}},
      {{1, 28, 28, -1}, 28, 28, {1, 28, 28, 1}},
  };
  for (const auto& c : cases) {
    const ImageInput input =
        ChooseImageInput(Signature({{"x", Info(tensorflow::DT_FLOAT, c.shape)}})).value();
    EXPECT_EQ(input.alias, "x");
    EXPECT_EQ(input.width, c.width);
    EXPECT_EQ(input.height, c.height);
    EXPECT_EQ(input.shape, c.request);
  }
}

TEST(ChooseImageInputTest, PrefersTheInputCalledImage) {
  const auto info = Info(tensorflow::DT_UINT8, {-1, 28, 28, 1});
  EXPECT_EQ(ChooseImageInput(Signature({{"a", info}, {"image", info}, {"input", info}}))->alias,
            "image");
  EXPECT_THAT(ChooseImageInput(Signature({{"b", info}, {"a", info}})).status().message(),
              HasSubstr("its inputs: a, b"));
  EXPECT_THAT(ChooseImageInput(Signature({})).status().message(), HasSubstr("its inputs: none"));
}

TEST(ChooseImageInputTest, RefusesWhatIsNoGreyPicture) {
  for (const auto& info :
       {Info(tensorflow::DT_STRING, {-1}), Info(tensorflow::DT_FLOAT, {-1, 28, 28, 3}),
        Info(tensorflow::DT_FLOAT, {-1, 10}), Info(tensorflow::DT_FLOAT, {}),
        Info(tensorflow::DT_FLOAT, {-1, 1 << 20, 1 << 20, 1}),
        Info(tensorflow::DT_FLOAT, {-1, 0, 0, 1})}) {
    EXPECT_EQ(ChooseImageInput(Signature({{"x", info}})).status().code(),
              StatusCode::kInvalidArgument)
        << info.ShortDebugString();
  }
}

TEST(MakeImageTensorTest, SendsFloatsOrBytes) {
  ImageInput input{.alias = "x", .width = 2, .height = 1, .shape = {1, 1, 2, 1}};
  const GreyImage image{2, 1, {0, 1}};
  EXPECT_EQ(MakeImageTensor(input, image).tensor_content().size(), 2 * sizeof(float));
  input.dtype = tensorflow::DT_UINT8;
  EXPECT_EQ(MakeImageTensor(input, image).tensor_content(), std::string("\0\xff", 2));
}

tensorflow::TensorProto Floats(const std::vector<float>& values) {
  tensorflow::TensorProto proto;
  proto.set_dtype(tensorflow::DT_FLOAT);
  proto.mutable_tensor_shape()->add_dim()->set_size(1);
  proto.mutable_tensor_shape()->add_dim()->set_size(static_cast<int64_t>(values.size()));
  proto.mutable_float_val()->Add(values.begin(), values.end());
  return proto;
}

tensorflow::TensorProto Integer(int64_t value) {
  tensorflow::TensorProto proto;
  proto.set_dtype(tensorflow::DT_INT64);
  proto.mutable_tensor_shape()->add_dim()->set_size(1);
  proto.add_int64_val(value);
  return proto;
}

tensorflow::serving::PredictResponse Response(
    const std::map<std::string, tensorflow::TensorProto>& outputs) {
  tensorflow::serving::PredictResponse response;
  response.mutable_outputs()->insert(outputs.begin(), outputs.end());
  return response;
}

TEST(ReadAnswerTest, ReadsClassAndProbabilities) {
  const Answer answer =
      ReadAnswer(Response({{"classes", Integer(2)}, {"probabilities", Floats({0.25f, 0, 0.75f})}}))
          .value();
  EXPECT_EQ(answer.label, "2");
  EXPECT_EQ(answer.index, 2);
  EXPECT_THAT(answer.probabilities, ElementsAre(DoubleEq(0.25), DoubleEq(0), DoubleEq(0.75)));
}

TEST(ReadAnswerTest, TakesTheMostProbableWithoutClasses) {
  EXPECT_EQ(ReadAnswer(Response({{"scores", Floats({0.1f, 0.8f, 0.1f})}}))->label, "1");
}

TEST(ReadAnswerTest, ManagesWithoutProbabilities) {
  const Answer answer = ReadAnswer(Response({{"class_ids", Integer(7)}})).value();
  EXPECT_EQ(answer.label, "7");
  EXPECT_EQ(answer.index, -1);
  EXPECT_THAT(answer.probabilities, IsEmpty());
}

TEST(ReadAnswerTest, TakesClassesNamedByWords) {
  tensorflow::TensorProto words;
  words.set_dtype(tensorflow::DT_STRING);
  words.add_string_val("cat");
  const Answer answer =
      ReadAnswer(Response({{"classes", words}, {"probabilities", Floats({0.1f, 0.9f})}})).value();
  EXPECT_EQ(answer.label, "cat");
  EXPECT_EQ(answer.index, 1);
}

TEST(ReadAnswerTest, ReadsContentAndRepeatedValues) {
  tensorflow::TensorProto repeated = Floats({0.1f});
  repeated.mutable_tensor_shape()->mutable_dim(1)->set_size(3);
  EXPECT_EQ(ReadAnswer(Response({{"scores", repeated}}))->probabilities.size(), 3u);
  tensorflow::TensorProto content = Floats({});
  const double values[] = {0.5, 0.125};
  content.set_dtype(tensorflow::DT_DOUBLE);
  content.mutable_tensor_shape()->mutable_dim(1)->set_size(2);
  content.set_tensor_content(values, sizeof(values));
  EXPECT_THAT(ReadAnswer(Response({{"scores", content}}))->probabilities, ElementsAre(0.5, 0.125));
}

TEST(ReadAnswerTest, RefusesAnswersItDoesNotKnow) {
  EXPECT_THAT(ReadAnswer(Response({{"y", Integer(1)}, {"z", Integer(1)}})).status().message(),
              HasSubstr("its outputs: y, z"));
  EXPECT_FALSE(ReadAnswer({}).ok());
  tensorflow::TensorProto hollow = Floats({});
  hollow.mutable_tensor_shape()->mutable_dim(1)->set_size(int64_t{1} << 50);
  EXPECT_FALSE(ReadAnswer(Response({{"scores", hollow}})).ok());
}

}  // namespace
}  // namespace trainyard::cli
