#include "tf/graph.h"

#include <utility>

#include "tf/internal/handles.h"
#include "tf/runtime.h"

namespace trainyard::tf {
namespace {

using internal::CallStatus;

TF_Output ToC(const Output& output) { return {output.op, output.index}; }

std::vector<TF_Output> ToC(const std::vector<Output>& outputs) {
  std::vector<TF_Output> converted;
  converted.reserve(outputs.size());
  for (const Output& output : outputs) converted.push_back(ToC(output));
  return converted;
}

}  // namespace

std::string OperationName(Operation op) { return op == nullptr ? "" : TF_OperationName(op); }

std::string OutputName(const Output& output) {
  return fmt::format("{}:{}", OperationName(output.op), output.index);
}

DataType OutputType(const Output& output) {
  if (!output) return DataType::kInvalid;
  return static_cast<DataType>(TF_OperationOutputType(ToC(output)));
}

std::string OperationDevice(Operation op) { return op == nullptr ? "" : TF_OperationDevice(op); }

Graph::Graph() : handle_(TF_NewGraph()) { LinkQuietStart(); }

Graph::~Graph() {
  if (handle_ != nullptr) TF_DeleteGraph(handle_);
}

Graph::Graph(Graph&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      status_(std::move(other.status_)),
      names_(std::move(other.names_)) {}

Graph& Graph::operator=(Graph&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(status_, other.status_);
  std::swap(names_, other.names_);
  return *this;
}

void Graph::Fail(const Status& status) {
  if (status_.ok()) status_ = status;
}

Operation Graph::FindOperation(const std::string& name) const {
  return TF_GraphOperationByName(handle_, name.c_str());
}

Output Graph::FindOutput(const std::string& name) const {
  const size_t colon = name.rfind(':');
  int index = 0;
  if (colon != std::string::npos) {
    const std::string digits = name.substr(colon + 1);
    if (digits.empty() || digits.size() > 6 ||
        digits.find_first_not_of("0123456789") != std::string::npos) {
      return {};
    }
    index = std::stoi(digits);
  }
  const Operation op = FindOperation(name.substr(0, colon));
  if (op == nullptr || index >= TF_OperationNumOutputs(op)) return {};
  return {op, index};
}

std::string Graph::UniqueName(const std::string& base) {
  const int used = names_[base]++;
  if (used == 0) return base;
  // base_1 may itself have been asked for by name before.
  return UniqueName(fmt::format("{}_{}", base, used));
}

Result<Shape> Graph::OutputShape(const Output& output) const {
  CallStatus call;
  const int rank = TF_GraphGetTensorNumDims(handle_, ToC(output), call.get());
  RETURN_IF_ERROR(call.ToStatus());
  if (rank < 0) return FailedPreconditionError("the rank of {} is unknown", OutputName(output));
  Shape shape(static_cast<size_t>(rank));
  TF_GraphGetTensorShape(handle_, ToC(output), shape.data(), rank, call.get());
  RETURN_IF_ERROR(call.ToStatus());
  return shape;
}

Result<std::string> Graph::Serialize() const {
  CallStatus call;
  const internal::BufferPtr buffer = internal::MakeBuffer();
  TF_GraphToGraphDef(handle_, buffer.get(), call.get());
  RETURN_IF_ERROR(call.ToStatus());
  return std::string(internal::BufferBytes(*buffer));
}

OpBuilder::OpBuilder(Graph* graph, const std::string& type, const std::string& name,
                     const std::string& device)
    : graph_(graph), type_(type), name_(name) {
  if (!graph_->status().ok()) return;
  description_ = TF_NewOperation(graph_->handle(), type.c_str(), name.c_str());
  if (!device.empty()) TF_SetDevice(description_, device.c_str());
}

OpBuilder& OpBuilder::In(const Output& input) {
  if (description_ == nullptr) return *this;
  if (!input) {
    graph_->Fail(InternalError("an input of {} \"{}\" is missing", type_, name_));
    return *this;
  }
  TF_AddInput(description_, ToC(input));
  return *this;
}

OpBuilder& OpBuilder::InList(const std::vector<Output>& inputs) {
  if (description_ == nullptr) return *this;
  for (const Output& input : inputs) {
    if (!input) graph_->Fail(InternalError("an input of {} \"{}\" is missing", type_, name_));
  }
  if (!graph_->status().ok()) return *this;
  const std::vector<TF_Output> list = ToC(inputs);
  TF_AddInputList(description_, list.data(), static_cast<int>(list.size()));
  return *this;
}

OpBuilder& OpBuilder::Control(Operation before) {
  if (description_ != nullptr && before != nullptr) TF_AddControlInput(description_, before);
  return *this;
}

OpBuilder& OpBuilder::Control(const std::vector<Operation>& before) {
  for (const Operation op : before) Control(op);
  return *this;
}

OpBuilder& OpBuilder::Device(const std::string& device) {
  if (description_ != nullptr) TF_SetDevice(description_, device.c_str());
  return *this;
}

OpBuilder& OpBuilder::ColocateWith(Operation other) {
  if (description_ != nullptr && other != nullptr) TF_ColocateWith(description_, other);
  return *this;
}

OpBuilder& OpBuilder::Type(const char* attribute, DataType value) {
  if (description_ != nullptr) {
    TF_SetAttrType(description_, attribute, static_cast<TF_DataType>(value));
  }
  return *this;
}

OpBuilder& OpBuilder::Types(const char* attribute, const std::vector<DataType>& value) {
  if (description_ == nullptr) return *this;
  std::vector<TF_DataType> types;
  for (const DataType type : value) types.push_back(static_cast<TF_DataType>(type));
  TF_SetAttrTypeList(description_, attribute, types.data(), static_cast<int>(types.size()));
  return *this;
}

OpBuilder& OpBuilder::Int(const char* attribute, int64_t value) {
  if (description_ != nullptr) TF_SetAttrInt(description_, attribute, value);
  return *this;
}

OpBuilder& OpBuilder::Ints(const char* attribute, const std::vector<int64_t>& value) {
  if (description_ != nullptr) {
    TF_SetAttrIntList(description_, attribute, value.data(), static_cast<int>(value.size()));
  }
  return *this;
}

OpBuilder& OpBuilder::Float(const char* attribute, float value) {
  if (description_ != nullptr) TF_SetAttrFloat(description_, attribute, value);
  return *this;
}

OpBuilder& OpBuilder::Bool(const char* attribute, bool value) {
  if (description_ != nullptr) TF_SetAttrBool(description_, attribute, value ? 1 : 0);
  return *this;
}

OpBuilder& OpBuilder::String(const char* attribute, const std::string& value) {
  if (description_ != nullptr) {
    TF_SetAttrString(description_, attribute, value.data(), value.size());
  }
  return *this;
}

OpBuilder& OpBuilder::ShapeOf(const char* attribute, const Shape& value) {
  if (description_ != nullptr) {
    TF_SetAttrShape(description_, attribute, value.data(), static_cast<int>(value.size()));
  }
  return *this;
}

OpBuilder& OpBuilder::Value(const char* attribute, const Tensor& value) {
  if (description_ == nullptr) return *this;
  CallStatus call;
  TF_SetAttrTensor(description_, attribute, value.handle(), call.get());
  if (!call.ok()) graph_->Fail(call.ToStatus());
  return *this;
}

Operation OpBuilder::Finish() {
  if (description_ == nullptr) return nullptr;
  CallStatus call;
  const Operation op = TF_FinishOperation(std::exchange(description_, nullptr), call.get());
  if (!call.ok()) {
    graph_->Fail(call.ToStatus().WithContext(fmt::format("cannot add {} \"{}\"", type_, name_)));
    return nullptr;
  }
  return graph_->status().ok() ? op : nullptr;
}

Output OpBuilder::Out(int index) {
  const Operation op = Finish();
  return op == nullptr ? Output{} : Output{op, index};
}

Scope Scope::Named(const std::string& name) const {
  Scope child = *this;
  child.prefix_ = graph_->UniqueName(FullName(name)) + "/";
  return child;
}

Scope Scope::Inside(const std::string& name) const {
  Scope child = *this;
  child.prefix_ = FullName(name) + "/";
  return child;
}

Scope Scope::OnDevice(std::string device) const {
  Scope child = *this;
  child.device_ = std::move(device);
  return child;
}

OpBuilder Scope::Op(const std::string& type, const std::string& name) const {
  return OpBuilder(graph_, type, graph_->UniqueName(FullName(name.empty() ? type : name)), device_);
}

std::string Scope::FullName(const std::string& name) const { return prefix_ + name; }

}  // namespace trainyard::tf
