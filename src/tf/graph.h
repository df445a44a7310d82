// A dataflow graph, and the scope through which operations are added to it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tf/tensor.h"
#include "tf/types.h"

struct TF_Graph;
struct TF_Operation;
struct TF_OperationDescription;

namespace trainyard::tf {

// A node of a graph; owned by the graph.
using Operation = TF_Operation*;

// One output of an operation. A default-made Output stands for "none".
struct Output {
  Operation op = nullptr;
  int index = 0;
  explicit operator bool() const { return op != nullptr; }
  friend bool operator==(const Output&, const Output&) = default;
};

// "name" of an operation, "name:0" of an output.
std::string OperationName(Operation op);
std::string OutputName(const Output& output);
DataType OutputType(const Output& output);
// The device asked for when it was added; "" if TensorFlow may choose.
std::string OperationDevice(Operation op);

// Owns a TensorFlow graph.
//
// Building does not return an error at each step: the first failure stays in status(), later
// operations become no-ops, and the builder of a model checks once at the end. Thread-compatible
// while it is built; a finished graph may be run from any thread.
class Graph {
 public:
  Graph();
  ~Graph();
  Graph(Graph&&) noexcept;
  Graph& operator=(Graph&&) noexcept;

  // OK, or the first thing that went wrong while building.
  const Status& status() const { return status_; }
  void Fail(const Status& status);  // keeps the first

  // The operation of that name, or nullptr.
  Operation FindOperation(const std::string& name) const;
  // The output "name" or "name:index", or none.
  Output FindOutput(const std::string& name) const;

  // `base`, or base_1, base_2, ... if it is taken (each call takes a name).
  std::string UniqueName(const std::string& base);

  // The statically inferred shape of an output, -1 for unknown sizes; an empty optional rank is
  // reported as an error.
  Result<Shape> OutputShape(const Output& output) const;

  // The serialized GraphDef.
  Result<std::string> Serialize() const;

  // Adds the gradients of `y` (a scalar, or summed) with respect to each of `xs`; one output per x.
  // Uses TensorFlow's C++ gradients (tensorflow/cc/gradients). Never gives a silent zero or a
  // gradient known to be wrong; the graph fails, with the names on the way to `y`, where
  // - an x has no influence on `y`, or only through operations without a gradient (StopGradient);
  // - an operation between an x and `y` has no registered gradient;
  // - its registered gradient is wrong: Conv2D with dilations or explicit padding, LogSoftmax of
  //   other than matrices, FusedBatchNormV3 whose statistics are used.
  std::vector<Output> AddGradients(const Output& y, const std::vector<Output>& xs);

  TF_Graph* handle() const { return handle_; }

 private:
  TF_Graph* handle_;
  Status status_;
  std::map<std::string, int> names_;
};

// Collects inputs and attributes of one operation, then adds it to the graph. Inputs come in the
// order of the operation's definition. One-shot: every chain ends in Finish() or Out().
class OpBuilder {
 public:
  OpBuilder(Graph* graph, const std::string& type, const std::string& name,
            const std::string& device);

  OpBuilder& In(const Output& input);
  OpBuilder& InList(const std::vector<Output>& inputs);
  OpBuilder& Control(Operation before);
  OpBuilder& Control(const std::vector<Operation>& before);
  OpBuilder& Device(const std::string& device);
  OpBuilder& ColocateWith(Operation other);

  OpBuilder& Type(const char* attribute, DataType value);
  OpBuilder& Types(const char* attribute, const std::vector<DataType>& value);
  OpBuilder& Int(const char* attribute, int64_t value);
  OpBuilder& Ints(const char* attribute, const std::vector<int64_t>& value);
  OpBuilder& Float(const char* attribute, float value);
  OpBuilder& Bool(const char* attribute, bool value);
  OpBuilder& String(const char* attribute, const std::string& value);
  OpBuilder& ShapeOf(const char* attribute, const Shape& value);
  OpBuilder& Value(const char* attribute, const Tensor& value);

  // Adds the operation; nullptr if the graph has failed.
  Operation Finish();
  // Adds the operation and gives one of its outputs.
  Output Out(int index = 0);

 private:
  Graph* graph_;
  TF_OperationDescription* description_ = nullptr;  // nullptr once the graph has failed
  std::string type_;
  std::string name_;
};

// Where new operations go: a graph, a name prefix and a device. A cheap value; copies share the
// graph, which must outlive them.
//
//   Scope hidden = scope.Named("hidden");            // operations are called hidden/...
//   Output y = hidden.Op("Relu").In(x).Out();        // hidden/Relu
class Scope {
 public:
  explicit Scope(Graph* graph) : graph_(graph) {}

  // A child whose names start with this one's prefix and `name`, made unique.
  Scope Named(const std::string& name) const;
  // A child whose names start with exactly this one's prefix and `name`, shared with others.
  Scope Inside(const std::string& name) const;
  // The same names on another device ("/job:ps/task:0"; "" leaves the choice to TensorFlow).
  Scope OnDevice(std::string device) const;

  // Starts an operation; its name is the scope's prefix plus `name` (or the type), made unique.
  OpBuilder Op(const std::string& type, const std::string& name = "") const;

  Graph& graph() const { return *graph_; }
  const std::string& device() const { return device_; }
  // `name` with the scope's prefix, not made unique: for variables, whose names must be exact.
  std::string FullName(const std::string& name) const;

 private:
  Graph* graph_;
  std::string prefix_;
  std::string device_;
};

}  // namespace trainyard::tf
