#include "train/losses.h"

#include "exact_cases.h"

namespace trainyard::exact {

using train::ModelBuilder;
using train::Reduction;

namespace {

const Values kLogits = Numbers({4, 3}, 21);
const Values kClasses = Integers({4}, 3, 22);
const Values kBits = Integers({4, 3}, 2, 23);
const Values kTargets = Numbers({4, 3}, 24);
const Values kWeights{.shape = {4}, .floats = {0.5f, 2, 0, 1.25f}};
// Rows that add up to 1.
const Values kProbabilities{
    .shape = {4, 3}, .floats = {0.25f, 0.25f, 0.5f, 1, 0, 0, 0.125f, 0.75f, 0.125f, 0, 0.5f, 0.5f}};

using Build = std::function<tf::Output(ModelBuilder&, const Outputs&)>;

void PrintLoss(const std::string& name, const Values& labels, const Build& build) {
  PrintCase(name, {{"labels", labels}, {"x", kLogits}, {"weights", kWeights}},
            [&](ModelBuilder& model, const Outputs& in) {
              // The inputs as outputs too: a gradient with respect to what a loss does not use
              // would fail.
              return Outputs{{"loss", build(model, in)},
                             {"weights", in.at("weights")},
                             {"labels", in.at("labels")}};
            });
}

}  // namespace

void PrintLosses() {
  PrintLoss("sparse_softmax", kClasses, [](auto& model, auto& in) {
    return SoftmaxCrossEntropy(model, in.at("labels"), in.at("x"));
  });
  PrintLoss("sparse_softmax_weighted", kClasses, [](auto& model, auto& in) {
    return SoftmaxCrossEntropy(model, in.at("labels"), in.at("x"), {.weights = in.at("weights")});
  });
  PrintLoss("sparse_softmax_smoothed", kClasses, [](auto& model, auto& in) {
    return SoftmaxCrossEntropy(model, in.at("labels"), in.at("x"), {.label_smoothing = 0.2});
  });
  PrintLoss("softmax", kProbabilities, [](auto& model, auto& in) {
    return SoftmaxCrossEntropy(model, in.at("labels"), in.at("x"), {.weights = in.at("weights")});
  });
  PrintLoss("softmax_smoothed", kProbabilities, [](auto& model, auto& in) {
    return SoftmaxCrossEntropy(model, in.at("labels"), in.at("x"), {.label_smoothing = 0.1});
  });
  PrintLoss("sigmoid", kBits, [](auto& model, auto& in) {
    return SigmoidCrossEntropy(model, in.at("labels"), in.at("x"));
  });
  PrintLoss("sigmoid_smoothed", kBits, [](auto& model, auto& in) {
    return SigmoidCrossEntropy(model, in.at("labels"), in.at("x"),
                               {.label_smoothing = 0.1, .weights = in.at("weights")});
  });
  PrintLoss("mean_squared", kTargets, [](auto& model, auto& in) {
    return MeanSquaredError(model, in.at("labels"), in.at("x"), {.weights = in.at("weights")});
  });
  PrintLoss("mean_absolute", kTargets, [](auto& model, auto& in) {
    return MeanAbsoluteError(
        model, in.at("labels"), in.at("x"),
        {.weights = in.at("weights"), .reduction = Reduction::kMeanWithSampleWeight});
  });
  PrintLoss("huber", kTargets, [](auto& model, auto& in) {
    return Huber(model, in.at("labels"), in.at("x"),
                 {.delta = 0.6, .weights = in.at("weights"), .reduction = Reduction::kSum});
  });
  PrintLoss("hinge", kBits, [](auto& model, auto& in) {
    return Hinge(model, in.at("labels"), in.at("x"), {.reduction = Reduction::kNone});
  });
}

}  // namespace trainyard::exact
