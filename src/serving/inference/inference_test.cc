// Classify, Regress and MultiInference on a real model: results, and every refusal with its text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "records/example.h"
#include "serving/inference/classify.h"
#include "serving/inference/inference_proto.h"
#include "serving/inference/multi_inference.h"
#include "serving/inference/regress.h"
#include "serving/testing/test_models.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A serialized tensorflow.Example with one float feature.
std::string Example(const std::string& name, float value) {
  return records::FormatExample({{name, std::vector<float>{value}}});
}

class InferenceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = new TemporaryDirectory;
    servable_ = Servable::Load({"m", 7}, WriteExamplesModel(dir_->path(), 7), {}).value().release();
  }
  static void TearDownTestSuite() {
    delete servable_;
    delete dir_;
  }

  Examples Two() const { return {.serialized = {one_, two_}}; }
  Result<ClassifyResult> Classify(const std::string& signature, const Examples& examples,
                                  MethodNames names = MethodNames::kIgnored) const {
    return serving::Classify(*servable_, signature, examples, names, {});
  }
  Result<std::vector<float>> Regress(const std::string& signature, const Examples& examples,
                                     MethodNames names = MethodNames::kIgnored) const {
    return serving::Regress(*servable_, signature, examples, names, {});
  }

  static TemporaryDirectory* dir_;
  static const Servable* servable_;
  const std::string one_ = Example("x", 1);
  const std::string two_ = Example("x", 2);
};

TemporaryDirectory* InferenceTest::dir_ = nullptr;
const Servable* InferenceTest::servable_ = nullptr;

template <class T>
void ExpectInvalid(const Result<T>& result, const std::string& text) {
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(result.status().message(), text);
}

TEST_F(InferenceTest, ClassifiesEachExample) {
  const ClassifyResult result = Classify("classify", Two()).value();
  EXPECT_EQ(result.num_examples, 2);
  EXPECT_EQ(result.num_classes, 2);
  EXPECT_THAT(result.labels, ElementsAre("low", "high", "low", "high"));
  EXPECT_THAT(result.scores, ElementsAre(1, -1, 2, -2));
  EXPECT_EQ(result.label(1, 0), "low");
  EXPECT_EQ(result.score(1, 1), -2);
}

TEST_F(InferenceTest, ClassifiesWithoutLabelsByTheDefaultSignature) {
  const ClassifyResult result = Classify("", Two()).value();
  EXPECT_THAT(result.labels, IsEmpty());
  EXPECT_EQ(result.label(1, 1), "");
  EXPECT_EQ(result.score(1, 0), 2);
}

TEST_F(InferenceTest, RegressesEachExample) {
  EXPECT_THAT(Regress("regress", Two()).value(), ElementsAre(5, 7));
}

TEST_F(InferenceTest, AddsTheContextToEachExample) {
  const std::string other = Example("y", 9);
  EXPECT_THAT(Regress("regress", {.serialized = {other, ""}, .context = two_}).value(),
              ElementsAre(7, 7));
  // What an example has itself comes later, and wins.
  EXPECT_THAT(Regress("regress", {.serialized = {one_}, .context = two_}).value(), ElementsAre(5));
}

TEST_F(InferenceTest, RefusesWithTheKnownTexts) {
  ExpectInvalid(Classify("classify", {}), "Input is empty.");
  ExpectInvalid(Regress("none", Two()), "No signature was found with the name: none");
  ExpectInvalid(Regress("classify", Two()), "Expected one output Tensor.");
  ExpectInvalid(Regress("wrong_type", Two()), "Expected output Tensor of DT_FLOAT.  Got: DT_INT32");
  ExpectInvalid(Classify("wrong_size", Two()), "Expected scores output batch size of 2. Got: 1");
  ExpectInvalid(Classify("wrong_rank", Two()),
                "Expected Tensor shape: [batch_size num_classes] but got [2]");
  EXPECT_THAT(Classify("regress", Two()).status().message(),
              HasSubstr("Expected classification signature outputs to contain at least one of "
                        "\"classes\" or \"scores\". Signature was: inputs {"));
  EXPECT_THAT(Regress("serving_default", Two()).status().message(),
              HasSubstr("No regression outputs found in SignatureDef: inputs {"));
}

TEST_F(InferenceTest, HandsRubbishToTheModelWhichRefusesIt) {
  const Result<std::vector<float>> result =
      Regress("regress", {.serialized = {"\xff\xff rubbish"}});
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
}

TEST_F(InferenceTest, LooksAtMethodNamesOnRequestOnly) {
  EXPECT_TRUE(Classify("classify", Two(), MethodNames::kChecked).ok());
  ExpectInvalid(Classify("", Two(), MethodNames::kChecked),
                "Expected classification signature method_name to be tensorflow/serving/classify. "
                "Was: tensorflow/serving/predict");
  ExpectInvalid(Regress("classify", Two(), MethodNames::kChecked),
                "Expected regression signature method_name to be tensorflow/serving/regress. Was: "
                "tensorflow/serving/classify");
  ::tensorflow::SignatureDef odd;
  odd.set_method_name("odd");
  EXPECT_TRUE(CheckPredictSignature(odd, MethodNames::kIgnored).ok());
  EXPECT_EQ(CheckPredictSignature(odd, MethodNames::kChecked),
            InternalError("Expected prediction signature method_name to be one of "
                          "{{tensorflow/serving/predict, tensorflow/serving/classify, "
                          "tensorflow/serving/regress}}. Was: odd"));
}

TEST_F(InferenceTest, DoesNotRunWhenTimeIsOver) {
  const RunLimits limits{.deadline = std::chrono::steady_clock::time_point()};
  EXPECT_EQ(
      serving::Regress(*servable_, "regress", Two(), MethodNames::kIgnored, limits).status().code(),
      StatusCode::kDeadlineExceeded);
}

class MultiInferenceTest : public InferenceTest {
 protected:
  void AddTask(const std::string& signature, const std::string& method,
               const std::string& model = "m") {
    api::InferenceTask* task = request_.add_tasks();
    task->mutable_model_spec()->set_name(model);
    task->mutable_model_spec()->set_signature_name(signature);
    task->set_method_name("tensorflow/serving/" + method);
  }
  Status Run() {
    response_.Clear();
    return MultiInference(*servable_, request_, MethodNames::kIgnored, {}, &response_);
  }
  void SetUp() override {
    *request_.mutable_input()->mutable_example_list()->add_examples() = one_;
    *request_.mutable_input()->mutable_example_list()->add_examples() = two_;
  }

  api::MultiInferenceRequest request_;
  api::MultiInferenceResponse response_;
};

TEST_F(MultiInferenceTest, AnswersEveryTaskInOrderFromOneRun) {
  AddTask("classify", "classify");
  AddTask("regress", "regress");
  AddTask("", "classify");
  const int64_t runs = servable_->stats().runs();
  ASSERT_EQ(Run(), OkStatus());
  EXPECT_EQ(servable_->stats().runs(), runs + 1);
  ASSERT_EQ(response_.results_size(), 3);
  const api::InferenceResult& first = response_.results(0);
  EXPECT_EQ(first.model_spec().name(), "m");
  EXPECT_EQ(first.model_spec().version().value(), 7);
  EXPECT_EQ(first.model_spec().signature_name(), "classify");
  EXPECT_EQ(first.classification_result().classifications(1).classes(1).label(), "high");
  EXPECT_EQ(first.classification_result().classifications(1).classes(1).score(), -2);
  EXPECT_EQ(response_.results(1).regression_result().regressions(1).value(), 7);
  EXPECT_EQ(response_.results(2).model_spec().signature_name(), "serving_default");
  EXPECT_EQ(response_.results(2).classification_result().classifications(0).classes(0).score(), 1);
}

TEST_F(MultiInferenceTest, RefusesTasksThatDoNotFitTogether) {
  AddTask("regress", "regress");
  AddTask("regress", "regress");
  EXPECT_EQ(Run(), InvalidArgumentError("Duplicate evaluation of signature: regress"));
  request_.mutable_tasks()->RemoveLast();
  AddTask("classify", "classify", "n");
  EXPECT_EQ(Run(), InvalidArgumentError("All ModelSpecs in a MultiInferenceRequest must access the "
                                        "same model name."));
  request_.mutable_tasks()->RemoveLast();
  AddTask("classify", "classify", "");
  EXPECT_EQ(Run(), InvalidArgumentError("Found ModelSpec with an empty model name."));
  request_.mutable_tasks()->RemoveLast();
  AddTask("none", "classify");
  EXPECT_EQ(Run(), InvalidArgumentError("Requested signature not found in model graph: none"));
  request_.mutable_tasks()->RemoveLast();
  AddTask("serving_default", "predict");
  EXPECT_EQ(Run(),
            UnimplementedError("Unsupported signature method_name: tensorflow/serving/predict"));
  request_.mutable_tasks()->RemoveLast();
  AddTask("elsewhere", "regress");
  EXPECT_EQ(Run(), InvalidArgumentError("Input tensor must be the same for all Signatures."));
  request_.mutable_tasks()->RemoveLast();
  request_.clear_input();
  EXPECT_EQ(Run(), InvalidArgumentError("Input is empty."));
}

}  // namespace
}  // namespace trainyard::serving
