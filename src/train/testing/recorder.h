// Looks over the shoulder of a training process: which examples it trains on, what it ends with.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tf/ops.h"
#include "train/hooks/training_hook.h"
#include "train/model_spec.h"

namespace trainyard::train::testing {

// Give both the model function and the hook to one Train. Read when it has returned.
class Recorder : public TrainingHook {
 public:
  // `model`, whose feature "id" (int32 [batch]) numbers the examples. The recorder must outlive it.
  ModelFn Watch(ModelFn model) {
    return [this, model = std::move(model)](ModelBuilder& builder, const Features& features,
                                            const tf::Output& labels) {
      ModelSpec spec = model(builder, features, labels);
      if (!builder.training()) return spec;
      ids_ = builder.scope().Op("Identity", "ids").In(features.at("id")).Out();
      names_.clear();
      values_.clear();
      for (const Variable& variable : builder.variables()) {
        names_.push_back(variable.name);
        values_.push_back(variable.value);
      }
      return spec;
    };
  }

  // Of the steps that were made, in their order.
  const std::vector<int32_t>& examples() const { return examples_; }
  // The bytes of every variable at the end, slots and global step included; empty before.
  const std::map<std::string, std::string>& variables() const { return variables_; }
  std::vector<float> Floats(const std::string& variable) const {
    const std::string& bytes = variables_.at(variable);
    std::vector<float> floats(bytes.size() / sizeof(float));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(floats.data()));
    return floats;
  }

  Status BeforeStep(int64_t /*next_step*/, StepRequest* request) override {
    request->fetches = {ids_};
    return OkStatus();
  }
  Status AfterStep(tf::Session* /*session*/, const StepResult& step) override {
    const auto ids = step.fetched[0].data<int32_t>();
    examples_.insert(examples_.end(), ids.begin(), ids.end());
    return OkStatus();
  }
  Status End(tf::Session* session, int64_t /*global_step*/) override {
    ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values, session->Run({}, values_, {}));
    for (size_t i = 0; i < values.size(); ++i) {
      variables_[names_[i]] =
          std::string(static_cast<const char*>(values[i].raw()), values[i].num_bytes());
    }
    return OkStatus();
  }

 private:
  tf::Output ids_;
  std::vector<std::string> names_;
  std::vector<tf::Output> values_;
  std::vector<int32_t> examples_;
  std::map<std::string, std::string> variables_;
};

}  // namespace trainyard::train::testing
