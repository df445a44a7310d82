// TensorFlow's registered gradients of operations that move values about. What is wrong
// there must be refused by Graph::AddGradients (tf/gradients.cc); what stands here is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tf/ops.h"
#include "train/testing/gradient_check.h"

namespace trainyard::train {
namespace {

class ArrayGradientsTest : public ::testing::TestWithParam<GradientCase> {};

TEST_P(ArrayGradientsTest, AgreesWithCentralDifferences) { CheckGradients(GetParam()); }

tf::Output Ints(ModelBuilder& model, const std::vector<int32_t>& values) {
  return tf::Const(model.scope(), tf::Tensor::FromVector(values));
}

// x squared, so that a gradient also depends on where it is taken.
tf::Output Squared(ModelBuilder& model, const tf::Output& x) {
  return tf::Mul(model.scope(), x, x);
}

const std::vector<GradientCase> kCases = {
    {"Tile",
     {2, 3},
     [](auto& model, auto& x) {
       return model.scope().Op("Tile").In(Squared(model, x)).In(Ints(model, {2, 3})).Out();
     }},
    {"Transpose",
     {2, 3, 2},
     [](auto& model, auto& x) {
       return model.scope().Op("Transpose").In(Squared(model, x)).In(Ints(model, {2, 0, 1})).Out();
     }},
    {"StridedSliceBackwardsAndShrunk",
     {4, 5, 2},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("StridedSlice")
           .In(Squared(model, x))
           .In(Ints(model, {1, 4, 0}))
           .In(Ints(model, {2, 0, 2}))
           .In(Ints(model, {1, -2, 1}))
           .Int("shrink_axis_mask", 1)
           .Int("end_mask", 2)
           .Out();
     }},
    {"GatherV2OfRows",
     {4, 3},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("GatherV2")
           .In(Squared(model, x))
           .In(Ints(model, {3, 0, 3}))
           .In(tf::Const(model.scope(), int32_t{0}))
           .Out();
     }},
    {"GatherV2OfColumns",
     {2, 4, 2},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("GatherV2")
           .In(Squared(model, x))
           .In(Ints(model, {3, 0, 3}))
           .In(tf::Const(model.scope(), int32_t{1}))
           .Out();
     }},
    {"GatherV2OfBatches",
     {2, 4, 2},
     [](auto& model, auto& x) {
       const auto indices =
           tf::Tensor::FromValues<int32_t>({2, 2}, std::vector<int32_t>{3, 0, 1, 1});
       return model.scope()
           .Op("GatherV2")
           .In(Squared(model, x))
           .In(tf::Const(model.scope(), indices))
           .In(tf::Const(model.scope(), int32_t{1}))
           .Int("batch_dims", 1)
           .Out();
     }},
    {"PackAlongAxis",
     {2, 3},
     [](auto& model, auto& x) {
       return model.scope().Op("Pack").InList({x, Squared(model, x), x}).Int("axis", 1).Out();
     }},
    {"SplitUnequallyUsed",
     {2, 6},
     [](auto& model, auto& x) {
       const tf::Operation split = model.scope()
                                       .Op("Split")
                                       .In(tf::Const(model.scope(), int32_t{1}))
                                       .In(x)
                                       .Int("num_split", 3)
                                       .Finish();
       return tf::Mul(model.scope(), {split, 0}, {split, 2});
     }},
    {"SelectV2Broadcast",
     {2, 3},
     [](auto& model, auto& x) {
       const tf::Output chosen =
           model.scope().Op("Greater").In(x).In(tf::Const(model.scope(), 0.0f)).Out();
       return model.scope()
           .Op("SelectV2")
           .In(chosen)
           .In(Squared(model, x))
           .In(tf::Mean(model.scope(), x))
           .Out();
     }},
    {"MirrorPad",
     {2, 3},
     [](auto& model, auto& x) {
       const auto paddings =
           tf::Tensor::FromValues<int32_t>({2, 2}, std::vector<int32_t>{1, 1, 2, 0});
       return model.scope()
           .Op("MirrorPad")
           .In(Squared(model, x))
           .In(tf::Const(model.scope(), paddings))
           .String("mode", "REFLECT")
           .Out();
     }},
    {"DepthToSpace",
     {1, 2, 2, 4},
     [](auto& model, auto& x) {
       return model.scope().Op("DepthToSpace").In(Squared(model, x)).Int("block_size", 2).Out();
     }},
    {"ResizeBilinear",
     {1, 2, 3, 2},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("ResizeBilinear")
           .In(Squared(model, x))
           .In(Ints(model, {4, 5}))
           .Bool("half_pixel_centers", true)
           .Out();
     }},
    {"ResizeNearestNeighbor",
     {1, 2, 3, 2},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("ResizeNearestNeighbor")
           .In(Squared(model, x))
           .In(Ints(model, {4, 6}))
           .Out();
     }},
    {"LRN", {1, 2, 2, 6}, [](auto& model, auto& x) { return model.scope().Op("LRN").In(x).Out(); }},
    {"UnsortedSegmentSum",
     {4, 2},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("UnsortedSegmentSum")
           .In(Squared(model, x))
           .In(Ints(model, {2, 0, 2, 1}))
           .In(tf::Const(model.scope(), int32_t{3}))
           .Out();
     }},
    {"ClipByValue",
     {3, 4},
     [](auto& model, auto& x) {
       return model.scope()
           .Op("ClipByValue")
           .In(x)
           .In(tf::Const(model.scope(), -0.2f))
           .In(tf::Const(model.scope(), 0.24f))
           .Out();
     }},
};

INSTANTIATE_TEST_SUITE_P(Operations, ArrayGradientsTest, ::testing::ValuesIn(kCases),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace trainyard::train
