// TensorFlow's registered gradients of operations that models use beside layers. What is wrong
// there must be refused by Graph::AddGradients (tf/gradients.cc); what stands here is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tf/ops.h"
#include "train/testing/gradient_check.h"

namespace trainyard::train {
namespace {

class OperationGradientsTest : public ::testing::TestWithParam<GradientCase> {};

TEST_P(OperationGradientsTest, AgreesWithCentralDifferences) { CheckGradients(GetParam()); }

tf::Output Ints(ModelBuilder& model, const std::vector<int32_t>& values) {
  return tf::Const(model.scope(), tf::Tensor::FromVector(values));
}

tf::Output Numbers(ModelBuilder& model, const tf::Shape& shape) {
  return FloatsConst(model, shape, Spread(tf::NumElements(shape), 9));
}

// x squared, so that a gradient also depends on where it is taken.
tf::Output Squared(ModelBuilder& model, const tf::Output& x) {
  return tf::Mul(model.scope(), x, x);
}

// An operation of x alone.
GradientCase Of(const std::string& type, const tf::Shape& shape) {
  return {type, shape, [=](auto& model, auto& x) { return model.scope().Op(type).In(x).Out(); }};
}

// An operation of x moved above 0.
GradientCase OfPositive(const std::string& type) {
  return {type + "OfPositive", {3, 4}, [=](auto& model, auto& x) {
            const tf::Output above = tf::Add(model.scope(), x, tf::Const(model.scope(), 1.5f));
            return model.scope().Op(type).In(above).Out();
          }};
}

// An operation of two operands that depend on x, of which the second is broadcast.
GradientCase Broadcast(const std::string& type) {
  return {type + "Broadcast", {2, 3}, [=](auto& model, auto& x) {
            const tf::Scope& scope = model.scope();
            const tf::Output row =
                scope.Op("Slice").In(x).In(Ints(model, {0, 0})).In(Ints(model, {1, 3})).Out();
            const tf::Output other = tf::Add(scope, tf::Mul(scope, row, tf::Const(scope, 0.3f)),
                                             tf::Const(scope, 1.31f));
            return scope.Op(type).In(x).In(other).Out();
          }};
}

// A reduction of [2,3,2] over `axes`.
GradientCase Reduction(const std::string& type, const std::vector<int32_t>& axes, bool keep) {
  return {fmt::format("{}Over{}{}", type, fmt::join(axes, "And"), keep ? "Kept" : ""),
          {2, 3, 2},
          [=](auto& model, auto& x) {
            return model.scope().Op(type).In(x).In(Ints(model, axes)).Bool("keep_dims", keep).Out();
          }};
}

const std::vector<GradientCase> kElementwise = {
    Of("Abs", {3, 4}),    Of("Exp", {3, 4}),        Of("Expm1", {3, 4}),
    Of("Neg", {3, 4}),    Of("Square", {3, 4}),     Of("Sin", {3, 4}),
    Of("Cos", {3, 4}),    Of("Erf", {3, 4}),        Of("L2Loss", {3, 4}),
    OfPositive("Log"),    OfPositive("Log1p"),      OfPositive("Sqrt"),
    OfPositive("Rsqrt"),  OfPositive("Reciprocal"), OfPositive("Lgamma"),
    Broadcast("AddV2"),   Broadcast("Sub"),         Broadcast("Mul"),
    Broadcast("RealDiv"), Broadcast("DivNoNan"),    Broadcast("SquaredDifference"),
    Broadcast("Maximum"), Broadcast("Minimum"),     Broadcast("Atan2"),
};

const std::vector<GradientCase> kReductions = {
    Reduction("Sum", {1}, false),
    Reduction("Sum", {0, 2}, true),
    Reduction("Sum", {-1}, false),
    Reduction("Mean", {0}, true),
    Reduction("Mean", {1, 2}, false),
    Reduction("Mean", {-1}, false),
    Reduction("Max", {1}, false),
    Reduction("Max", {0, -1}, true),
    Reduction("Min", {-1}, false),
    Reduction("Prod", {1}, false),
    Reduction("Prod", {0, 2}, true),
    {"CumsumExclusiveReverse",
     {3, 4},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("Cumsum")
           .In(Squared(model, x))
           .In(tf::Const(model.scope(), int32_t{1}))
           .Bool("exclusive", true)
           .Bool("reverse", true)
           .Out();
     }},
};

const std::vector<GradientCase> kProducts = {
    {"MatMulTransposed",
     {2, 3},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("MatMul")
           .In(x)
           .In(Squared(model, x))
           .Bool("transpose_b", true)
           .Out();
     }},
    {"BatchMatMulV2Broadcast",
     {1, 2, 3},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("BatchMatMulV2")
           .In(Numbers(model, {4, 2, 2}))
           .In(Squared(model, x))
           .Out();
     }},
    {"BatchMatMulV2Adjoint",
     {2, 3, 2},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("BatchMatMulV2")
           .In(x)
           .In(Squared(model, x))
           .Bool("adj_x", true)
           .Out();
     }},
    {"Einsum",
     {2, 3, 2},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("Einsum")
           .InList({x, Numbers(model, {4, 3})})
           .String("equation", "bic,oi->boc")
           .Out();
     }},
    {"SoftmaxCrossEntropyWithLogits",
     {3, 4},
     [](auto& model, auto& x) {
       const tf::Output labels = model.scope().Op("Softmax").In(Squared(model, x)).Out();
       return model.scope().Op("SoftmaxCrossEntropyWithLogits").In(x).In(labels).Out();
     }},
};

const auto kName = [](const auto& param) {
  std::string name = param.param.name;
  std::replace(name.begin(), name.end(), '-', 'M');  // of axis -1; names are letters and digits
  return name;
};
INSTANTIATE_TEST_SUITE_P(Elementwise, OperationGradientsTest, ::testing::ValuesIn(kElementwise),
                         kName);
INSTANTIATE_TEST_SUITE_P(Reductions, OperationGradientsTest, ::testing::ValuesIn(kReductions),
                         kName);
INSTANTIATE_TEST_SUITE_P(Products, OperationGradientsTest, ::testing::ValuesIn(kProducts), kName);

}  // namespace
}  // namespace trainyard::train
