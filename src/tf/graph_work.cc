#include "tf/graph_work.h"

#include <tensorflow/c/c_api.h>

#include <optional>
#include <string_view>

#include "tf/internal/handles.h"

namespace trainyard::tf {
namespace {

class WorkCounter {
 public:
  WorkCounter(const Graph& graph, int64_t unknown_size)
      : graph_(graph), unknown_size_(static_cast<double>(unknown_size)) {}

  double Of(Operation op) const {
    const std::string_view type = TF_OperationOpType(op);
    if (type == "MatMul") return Product(op, "transpose_a");
    if (type == "BatchMatMulV2") return Product(op, "adj_x");
    // The image-sized side times the kernel's window and the channels on the other side; which of
    // the operands is which differs.
    if (type == "Conv2D") return Convolution(Out(op, 0), In(op, 1));
    if (type == "Conv2DBackpropInput") return Convolution(In(op, 2), In(op, 1));
    if (type == "Conv2DBackpropFilter") return Convolution(In(op, 2), Out(op, 0));
    if (type == "DepthwiseConv2dNative") return Depthwise(Out(op, 0), In(op, 1));
    return 0;
  }

 private:
  using Sizes = std::optional<std::vector<double>>;

  Sizes SizesOf(const Output& output) const {
    const Result<Shape> shape = graph_.OutputShape(output);
    if (!shape.ok()) return std::nullopt;
    std::vector<double> sizes;
    for (const int64_t size : *shape) {
      sizes.push_back(size < 0 ? unknown_size_ : static_cast<double>(size));
    }
    return sizes;
  }
  Sizes Out(Operation op, int index) const { return SizesOf({op, index}); }
  Sizes In(Operation op, int index) const {
    const TF_Output input = TF_OperationInput({op, index});
    return SizesOf({input.oper, input.index});
  }

  static double All(const std::vector<double>& sizes) {
    double product = 1;
    for (const double size : sizes) product *= size;
    return product;
  }

  double Product(Operation op, const char* transposed) const {
    const Sizes out = Out(op, 0);
    const Sizes left = In(op, 0);
    if (!out || !left || left->size() < 2) return 0;
    internal::CallStatus call;
    unsigned char is_transposed = 0;
    TF_OperationGetAttrBool(op, transposed, &is_transposed, call.get());
    return 2 * All(*out) * (*left)[left->size() - (is_transposed != 0 ? 2 : 1)];
  }

  // A kernel is [height, width, channels in, channels out]; each value of the output side takes a
  // window of all channels in.
  static double Convolution(const Sizes& output, const Sizes& kernel) {
    if (!output || !kernel || kernel->size() != 4) return 0;
    return 2 * All(*output) * (*kernel)[0] * (*kernel)[1] * (*kernel)[2];
  }
  static double Depthwise(const Sizes& output, const Sizes& kernel) {
    if (!output || !kernel || kernel->size() != 4) return 0;
    return 2 * All(*output) * (*kernel)[0] * (*kernel)[1];
  }

  const Graph& graph_;
  const double unknown_size_;
};

}  // namespace

double CountFlops(const Graph& graph, int64_t unknown_size) {
  const WorkCounter counter(graph, unknown_size);
  double flops = 0;
  size_t position = 0;
  while (const Operation op = TF_GraphNextOperation(graph.handle(), &position)) {
    flops += counter.Of(op);
  }
  return flops;
}

}  // namespace trainyard::tf
