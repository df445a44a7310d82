#include "tf/saved_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/wire.h"
#include "tf/ops.h"

namespace trainyard::tf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

WireWriter TensorInfoProto(const std::string& name, DataType type, const Shape& shape) {
  WireWriter dims;
  for (const int64_t size : shape) {
    WireWriter dim;
    dim.Varint(1, static_cast<uint64_t>(size));
    dims.Message(2, dim);
  }
  WireWriter info;
  info.Bytes(1, name).Varint(2, static_cast<uint64_t>(type)).Message(3, dims);
  return info;
}

// A model y = 2x, without variables, as a SavedModel's bytes.
std::string DoublingModel() {
  Graph graph;
  const Scope scope(&graph);
  const Output x = Placeholder(scope, DataType::kFloat, {-1}, "x");
  Mul(scope.Named("double"), x, Const(scope, 2.0f));
  WireWriter signature;
  signature.MapEntry(1, "x", TensorInfoProto("x:0", DataType::kFloat, {-1}));
  signature.MapEntry(2, "y", TensorInfoProto("double/Mul:0", DataType::kFloat, {-1}));
  signature.Bytes(3, "tensorflow/serving/predict");
  WireWriter info;
  info.Bytes(4, "serve");
  WireWriter meta_graph;
  meta_graph.Message(1, info).Bytes(2, graph.Serialize().value());
  meta_graph.MapEntry(5, "serving_default", signature);
  return WireWriter().Varint(1, 1).Message(2, meta_graph).str();
}

TEST(SavedModelTest, LoadsGraphSessionAndSignatures) {
  TemporaryDirectory dir;
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir.path(), "saved_model.pb"), DoublingModel()).ok());
  SavedModel model = LoadSavedModel(dir.path(), {"serve"}, {}).value();
  const Signature& signature = model.signatures.at("serving_default");
  EXPECT_THAT(signature.inputs.at("x").shape, ElementsAre(-1));
  EXPECT_FALSE(signature.inputs.at("x").unknown_rank);
  const Output x = model.graph->FindOutput(signature.inputs.at("x").name);
  const Output y = model.graph->FindOutput(signature.outputs.at("y").name);
  const Tensor value = Tensor::FromVector<float>({1, 4});
  EXPECT_THAT(model.session->Run({{x, &value}}, {y}, {}).value()[0].data<float>(),
              ElementsAre(2, 8));
}

TEST(SavedModelTest, MissingAndDamagedModelsAreErrorsThatNameTheDirectory) {
  TemporaryDirectory dir;
  EXPECT_THAT(LoadSavedModel(dir.path(), {"serve"}, {}).status().message(), HasSubstr(dir.path()));
  const std::string whole = DoublingModel();
  for (size_t length = 0; length < whole.size(); length += 37) {
    ASSERT_TRUE(
        WriteFileAtomically(JoinPath(dir.path(), "saved_model.pb"), whole.substr(0, length)).ok());
    EXPECT_FALSE(LoadSavedModel(dir.path(), {"serve"}, {}).ok());
  }
}

}  // namespace
}  // namespace trainyard::tf
