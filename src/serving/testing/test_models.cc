#include "serving/testing/test_models.h"

#include <vector>

#include "base/files.h"
#include "base/wire.h"
#include "tensorflow/signature.pb.h"
#include "tf/graph.h"
#include "tf/ops.h"
#include "tf/session.h"

namespace trainyard::serving {
namespace {

using tf::DataType;

// Collects what a MetaGraphDef needs beside the graph.
struct Exporter {
  tf::Graph graph;
  std::map<std::string, ::tensorflow::SignatureDef> signatures;
  WireWriter saver;  // SaverDef; empty without variables
};

::tensorflow::TensorInfo Info(const tf::Output& output, const tf::Shape& shape) {
  ::tensorflow::TensorInfo info;
  info.set_name(tf::OutputName(output));
  info.set_dtype(static_cast<::tensorflow::DataType>(tf::OutputType(output)));
  for (const int64_t size : shape) info.mutable_tensor_shape()->add_dim()->set_size(size);
  return info;
}

::tensorflow::SignatureDef PredictSignature() {
  ::tensorflow::SignatureDef signature;
  signature.set_method_name("tensorflow/serving/predict");
  return signature;
}

void WriteSavedModel(const Exporter& exporter, const std::string& directory) {
  CHECK(exporter.graph.status().ok());
  WireWriter info;
  info.Bytes(4, "serve");
  WireWriter meta_graph;
  meta_graph.Message(1, info).Bytes(2, exporter.graph.Serialize().value());
  if (!exporter.saver.empty()) meta_graph.Message(3, exporter.saver);
  for (const auto& [name, signature] : exporter.signatures) {
    WireWriter entry;
    entry.Bytes(1, name).Bytes(2, signature.SerializeAsString());
    meta_graph.Message(5, entry);
  }
  WireWriter saved_model;
  saved_model.Varint(1, 1).Message(2, meta_graph);
  constexpr bool kSync = false;  // of no use in a test
  CHECK(WriteFileAtomically(JoinPath(directory, "saved_model.pb"), saved_model.str(), kSync).ok());
}

// A directory to write into, renamed to the version's number by Publish.
std::string Staging(const std::string& base_path) {
  const std::string staging = JoinPath(base_path, "temp-model");
  CHECK(RemoveRecursively(staging).ok() && MakeDirectories(staging).ok());
  return staging;
}

std::string Publish(const std::string& base_path, int version) {
  const std::string directory = JoinPath(base_path, std::to_string(version));
  CHECK(RenamePath(JoinPath(base_path, "temp-model"), directory).ok());
  return directory;
}

// x float [?] -> y = slope * x + 2, the slope being the mean of a variable of this shape (rank 0 or
// 1), all of whose elements are `slope`.
std::string WriteVariableModel(const std::string& base_path, int version, const tf::Shape& shape,
                               float slope) {
  Exporter exporter;
  const tf::Scope scope(&exporter.graph);
  const tf::Output x = tf::Placeholder(scope, DataType::kFloat, {-1}, "x");
  const tf::Output variable = scope.Op("VarHandleOp", "slope")
                                  .Type("dtype", DataType::kFloat)
                                  .ShapeOf("shape", shape)
                                  .String("shared_name", "slope")
                                  .Out();
  const tf::Output value =
      scope.Op("ReadVariableOp").In(variable).Type("dtype", DataType::kFloat).Out();
  const tf::Output axes =
      tf::Const(scope, tf::Tensor::FromVector(std::vector<int32_t>(shape.size())));
  const tf::Output mean = scope.Op("Mean").In(value).In(axes).Out();
  const tf::Output y = tf::Add(scope, tf::Mul(scope, x, mean), tf::Const(scope, 2.0f));

  // The saver: one file prefix in, all variables saved or restored.
  const tf::Output prefix = tf::Placeholder(scope, DataType::kString, {}, "save/prefix");
  const std::vector<std::string> slope_key = {"slope"};
  const std::vector<std::string> whole = {""};
  const tf::Output keys = tf::Const(scope, tf::Tensor::FromStrings({1}, slope_key));
  const tf::Output slices = tf::Const(scope, tf::Tensor::FromStrings({1}, whole));
  const tf::Operation save = scope.Op("SaveV2", "save/SaveV2")
                                 .In(prefix)
                                 .In(keys)
                                 .In(slices)
                                 .InList({value})
                                 .Types("dtypes", {DataType::kFloat})
                                 .Finish();
  const tf::Output saved = scope.Op("Identity", "save/saved").In(prefix).Control(save).Out();
  const tf::Output restored = scope.Op("RestoreV2", "save/RestoreV2")
                                  .In(prefix)
                                  .In(keys)
                                  .In(slices)
                                  .Types("dtypes", {DataType::kFloat})
                                  .Out();
  const tf::Operation restore = scope.Op("AssignVariableOp", "save/restore_all")
                                    .In(variable)
                                    .In(restored)
                                    .Type("dtype", DataType::kFloat)
                                    .Finish();
  const std::vector<int32_t> sizes(shape.begin(), shape.end());
  const tf::Output initial = scope.Op("Fill")
                                 .In(tf::Const(scope, tf::Tensor::FromVector(sizes)))
                                 .In(tf::Const(scope, slope))
                                 .Out();
  const tf::Operation init = scope.Op("AssignVariableOp", "init")
                                 .In(variable)
                                 .In(initial)
                                 .Type("dtype", DataType::kFloat)
                                 .Finish();
  CHECK(exporter.graph.status().ok());
  exporter.saver.Bytes(1, tf::OutputName(prefix)).Bytes(2, tf::OutputName(saved));
  exporter.saver.Bytes(3, tf::OperationName(restore)).Varint(7, 2);

  const std::string staging = Staging(base_path);
  CHECK(MakeDirectories(JoinPath(staging, "variables")).ok());
  const auto session = tf::Session::Create(exporter.graph, {}).value();
  CHECK(session->Run(init).ok());
  const tf::Tensor path = tf::Tensor::StringScalar(JoinPath(staging, "variables/variables"));
  CHECK(session->Run({{prefix, &path}}, {saved}, {}).ok());

  ::tensorflow::SignatureDef& signature = exporter.signatures["serving_default"];
  signature = PredictSignature();
  (*signature.mutable_inputs())["x"] = Info(x, {-1});
  (*signature.mutable_outputs())["y"] = Info(y, {-1});
  WriteSavedModel(exporter, staging);
  return Publish(base_path, version);
}

}  // namespace

std::string WriteLineModel(const std::string& base_path, int version, float slope) {
  return WriteVariableModel(base_path, version, {}, slope);
}

std::string WriteHeavyModel(const std::string& base_path, int version, int64_t floats) {
  return WriteVariableModel(base_path, version, {floats}, 0.5f);
}

std::string WriteImageModel(const std::string& base_path, int version) {
  Exporter exporter;
  const tf::Scope scope(&exporter.graph);
  const tf::Output image = tf::Placeholder(scope, DataType::kFloat, {-1, 28, 28, 1}, "image");
  const tf::Output flat = tf::Reshape(scope, image, {-1, 784});
  const tf::Output axis = tf::Const(scope, tf::Tensor::FromVector<int32_t>({1}));
  const tf::Output mean = scope.Op("Mean").In(flat).In(axis).Bool("keep_dims", true).Out();
  // The nearer the mean is to the middle of a class's tenth, the larger its logit.
  std::vector<float> middles;
  for (int i = 0; i < 10; ++i) middles.push_back(0.05f + 0.1f * static_cast<float>(i));
  const tf::Output centres = tf::Const(scope, tf::Tensor::FromVector(middles));
  const tf::Output distance = scope.Op("SquaredDifference").In(mean).In(centres).Out();
  const tf::Output logits = tf::Mul(scope, distance, tf::Const(scope, -300.0f));
  const tf::Output probabilities = scope.Op("Softmax", "probabilities").In(logits).Out();
  const tf::Output classes = scope.Op("ArgMax", "classes")
                                 .In(logits)
                                 .In(tf::Const(scope, 1))
                                 .Type("output_type", DataType::kInt64)
                                 .Out();
  ::tensorflow::SignatureDef signature = PredictSignature();
  (*signature.mutable_inputs())["image"] = Info(image, {-1, 28, 28, 1});
  (*signature.mutable_outputs())["probabilities"] = Info(probabilities, {-1, 10});
  (*signature.mutable_outputs())["classes"] = Info(classes, {-1});
  exporter.signatures["predict"] = signature;
  exporter.signatures["serving_default"] = signature;
  WriteSavedModel(exporter, Staging(base_path));
  return Publish(base_path, version);
}

std::string WriteEchoModel(const std::string& base_path, int version) {
  Exporter exporter;
  const tf::Scope scope(&exporter.graph);
  for (const DataType type :
       {DataType::kFloat, DataType::kDouble, DataType::kInt32, DataType::kUint8, DataType::kInt16,
        DataType::kInt8, DataType::kString, DataType::kComplex64, DataType::kInt64, DataType::kBool,
        DataType::kBfloat16, DataType::kUint16, DataType::kComplex128, DataType::kHalf,
        DataType::kUint32, DataType::kUint64}) {
    const std::string name = tf::DataTypeName(type);
    const tf::Output in = scope.Op("Placeholder", name + "_in").Type("dtype", type).Out();
    ::tensorflow::SignatureDef signature = PredictSignature();
    (*signature.mutable_inputs())["in"] = Info(in, {});
    (*signature.mutable_outputs())["out"] = Info(tf::Identity(scope, in), {});
    exporter.signatures[name] = signature;
  }
  const tf::Output a = tf::Placeholder(scope, DataType::kFloat, {-1}, "a");
  const tf::Output b = tf::Placeholder(scope, DataType::kFloat, {-1}, "b");
  ::tensorflow::SignatureDef& pair = exporter.signatures["pair"];
  pair = PredictSignature();
  (*pair.mutable_inputs())["a"] = Info(a, {-1});
  (*pair.mutable_inputs())["b"] = Info(b, {-1});
  (*pair.mutable_outputs())["first"] = Info(tf::Identity(scope, a), {-1});
  (*pair.mutable_outputs())["second"] = Info(tf::Identity(scope, b), {-1});
  ::tensorflow::TensorProto& seven = (*pair.mutable_defaults())["b"];
  seven.set_dtype(::tensorflow::DT_FLOAT);
  seven.mutable_tensor_shape()->add_dim()->set_size(1);
  seven.add_float_val(7);
  WriteSavedModel(exporter, Staging(base_path));
  return Publish(base_path, version);
}

namespace {

// The feature "x" of the examples, float [?,1].
tf::Output ParseX(const tf::Scope& scope, const tf::Output& examples) {
  const tf::Output none = tf::Const(scope, tf::Tensor::FromStrings({0}, {}));
  const tf::Output keys =
      tf::Const(scope, tf::Tensor::FromStrings({1}, std::vector<std::string>{"x"}));
  return scope.Op("ParseExampleV2")
      .In(examples)
      .In(none)
      .In(none)
      .In(keys)
      .In(none)
      .InList({tf::Const(scope, tf::Tensor::Allocate(DataType::kFloat, {0}))})
      .Types("Tdense", {DataType::kFloat})
      .Int("num_sparse", 0)
      .Types("sparse_types", {})
      .Types("ragged_value_types", {})
      .Types("ragged_split_types", {})
      .Shapes("dense_shapes", {{1}})
      .Out();
}

// "low", "high" for each row of x.
tf::Output Labels(const tf::Scope& scope, const tf::Output& x) {
  const std::vector<std::string> names = {"low", "high"};
  const std::vector<int32_t> columns = {0, 1};
  const tf::Output indices =
      tf::Add(scope, tf::Cast(scope, tf::Mul(scope, x, tf::Const(scope, 0.0f)), DataType::kInt32),
              tf::Const(scope, tf::Tensor::FromValues<int32_t>({1, 2}, columns)));
  return scope.Op("GatherV2")
      .In(tf::Const(scope, tf::Tensor::FromStrings({2}, names)))
      .In(indices)
      .In(tf::Const(scope, int32_t{0}))
      .Out();
}

}  // namespace

std::string WriteExamplesModel(const std::string& base_path, int version) {
  Exporter exporter;
  const tf::Scope scope(&exporter.graph);
  const tf::Output examples = tf::Placeholder(scope, DataType::kString, {-1}, "examples");
  const tf::Output x = ParseX(scope, examples);
  const std::vector<float> signs = {1, -1};
  const tf::Output both = tf::Const(scope, tf::Tensor::FromValues<float>({1, 2}, signs));
  const tf::Output scores = tf::Mul(scope, x, both);
  const tf::Output value =
      tf::Add(scope, tf::Mul(scope, x, tf::Const(scope, 2.0f)), tf::Const(scope, 3.0f));
  const tf::Output other = tf::Placeholder(scope, DataType::kString, {-1}, "other_examples");
  const auto add = [&](const std::string& name, const std::string& method, const tf::Output& input,
                       const std::map<std::string, tf::Output>& outputs) {
    ::tensorflow::SignatureDef& signature = exporter.signatures[name];
    signature.set_method_name("tensorflow/serving/" + method);
    (*signature.mutable_inputs())["inputs"] = Info(input, {-1});
    for (const auto& [alias, output] : outputs) {
      (*signature.mutable_outputs())[alias] = Info(output, {-1, -1});
    }
  };
  add("classify", "classify", examples, {{"classes", Labels(scope, x)}, {"scores", scores}});
  add("regress", "regress", examples, {{"outputs", value}});
  add("serving_default", "predict", examples, {{"scores", scores}});
  add("wrong_type", "regress", examples, {{"outputs", tf::Cast(scope, value, DataType::kInt32)}});
  add("wrong_size", "classify", examples, {{"scores", tf::Identity(scope, both)}});
  add("wrong_rank", "classify", examples, {{"scores", tf::Reshape(scope, x, {-1})}});
  add("elsewhere", "regress", other, {{"outputs", ParseX(scope, other)}});
  WriteSavedModel(exporter, Staging(base_path));
  return Publish(base_path, version);
}

}  // namespace trainyard::serving
