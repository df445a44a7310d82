#include "serving/inference/signature_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

::tensorflow::SignatureDef Signature(const std::vector<std::string>& inputs,
                                     const std::vector<std::string>& outputs,
                                     const std::vector<std::string>& defaults = {}) {
  ::tensorflow::SignatureDef signature;
  for (const auto& name : inputs) (*signature.mutable_inputs())[name].set_name(name + ":0");
  for (const auto& name : outputs) (*signature.mutable_outputs())[name].set_name(name + ":0");
  for (const auto& name : defaults) (*signature.mutable_defaults())[name];
  return signature;
}

TEST(PlanSignatureTest, FeedsWhatIsGivenAndFetchesAllOutputs) {
  const SignaturePlan plan =
      PlanSignature(Signature({"b", "a"}, {"y", "x"}), {"a", "b"}, {}).value();
  EXPECT_THAT(plan.from_request, ElementsAre("a", "b"));
  EXPECT_THAT(plan.from_defaults, IsEmpty());
  EXPECT_THAT(plan.outputs, ElementsAre("x", "y"));
}

TEST(PlanSignatureTest, TakesMissingInputsFromTheDefaults) {
  const SignaturePlan plan = PlanSignature(Signature({"a", "b"}, {"y"}, {"b"}), {"a"}, {}).value();
  EXPECT_THAT(plan.from_request, ElementsAre("a"));
  EXPECT_THAT(plan.from_defaults, ElementsAre("b"));
}

TEST(PlanSignatureTest, FetchesTheFilteredOutputsInTheirOrder) {
  const SignaturePlan plan = PlanSignature(Signature({}, {"x", "y", "z"}), {}, {"z", "x"}).value();
  EXPECT_THAT(plan.outputs, ElementsAre("z", "x"));
}

// One line per documented failure: what the signature has, what the request has, the text.
struct Refusal {
  ::tensorflow::SignatureDef signature;
  std::set<std::string> given;
  std::vector<std::string> filter;
  std::string text;
};

TEST(PlanSignatureTest, RefusesWithTheTextsClientsKnow) {
  const Refusal refusals[] = {
      {Signature({"x"}, {"y"}),
       {},
       {},
       "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but "
       "required: {x}."},
      {Signature({"x"}, {"y"}),
       {"x", "w"},
       {},
       "input size does not match signature: 2!=1 len({w,x}) != len({x}). Sent extra: {w}. Missing "
       "but required: {}."},
      {Signature({"x"}, {"y"}),
       {"w"},
       {},
       "Signature input alias: x(feed name: x:0) not found in request and no default value "
       "provided. Inputs expected to be in the request {x}, or default input alias set: "},
      {Signature({"a", "b"}, {"y"}, {"b"}),
       {"b"},
       {},
       "Signature input alias: a(feed name: a:0) not found in request and no default value "
       "provided. Inputs expected to be in the request {a,b}, or default input alias set: b"},
      {Signature({"a", "b"}, {"y"}, {"b"}),
       {"a", "w"},
       {},
       "Inputs contains invalid name. Used request inputs: a, request input: a,w"},
      {Signature({}, {"x", "y"}),
       {},
       {"A"},
       "output tensor alias not found in signature: A Outputs expected to be in the set {x,y}."},
      {Signature({}, {"x", "y"}), {}, {"x", "x"}, "duplicate output tensor alias: x"},
  };
  for (const Refusal& refusal : refusals) {
    const auto plan = PlanSignature(refusal.signature, refusal.given, refusal.filter);
    ASSERT_FALSE(plan.ok()) << refusal.text;
    EXPECT_EQ(plan.error(), Status(StatusCode::kInvalidArgument, refusal.text));
  }
}

}  // namespace
}  // namespace trainyard::serving
