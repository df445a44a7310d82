#include "train/optimizers.h"

#include <fmt/format.h>

#include <cstdlib>

#include "exact_cases.h"
#include "tf/ops.h"
#include "tf/session.h"

namespace trainyard::exact {
namespace {

using train::MinimizeOptions;
using train::ModelBuilder;
using train::Optimizer;

constexpr int64_t kSteps = 6;

void ExitOn(const std::string& name, const Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "{}: {}\n", name, status.message());
  std::exit(1);
}

train::Initializer First(const Values& values) {
  return [values](const tf::Scope& scope, const tf::Shape&, train::Seed) {
    return tf::Const(scope, values.tensor());
  };
}

// Step t's values of an input whose first dimension is the step.
tf::Tensor AtStep(const Values& all, int64_t t) {
  Values part{.shape = {all.shape.begin() + 1, all.shape.end()}};
  const int64_t size = tf::NumElements(part.shape);
  const auto take = [&](const auto& from, auto* to) {
    if (!from.empty()) to->assign(from.begin() + t * size, from.begin() + (t + 1) * size);
  };
  take(all.floats, &part.floats);
  take(all.integers, &part.integers);
  return part.tensor();
}

// Variables, then what changes with the step, then the loss. Prints the variables after kSteps.
void PrintSteps(const std::string& name, const Optimizer& optimizer, const MinimizeOptions& options,
                const std::map<std::string, Values>& variables,
                const std::map<std::string, Values>& per_step,
                const std::function<tf::Output(ModelBuilder&,
                                               const std::map<std::string, const train::Variable*>&,
                                               const Outputs&)>& loss) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  Tensors printed;
  std::map<std::string, const train::Variable*> made;
  for (const auto& [key, values] : variables) {
    made[key] = &model.AddVariable(key, values.shape, First(values));
    printed["in:" + key] = values.tensor();
  }
  Outputs inputs;
  for (const auto& [key, values] : per_step) {
    const tf::Shape shape(values.shape.begin() + 1, values.shape.end());
    inputs[key] = tf::Placeholder(model.scope(), values.tensor().dtype(), shape, "in_" + key);
    printed["in:" + key] = values.tensor();
  }
  const tf::Operation step = Minimize(model, loss(model, made, inputs), optimizer, options);
  ExitOn(name, graph.status());
  const auto session = tf::Session::Create(graph, {}).value();
  for (const train::Variable& variable : model.variables()) {
    ExitOn(name, session->Run(variable.initialize));
  }
  for (int64_t t = 0; t < kSteps; ++t) {
    std::vector<tf::Tensor> tensors;
    tensors.reserve(per_step.size());
    std::vector<tf::Feed> feeds;
    for (const auto& [key, values] : per_step) {
      tensors.push_back(AtStep(values, t));
      feeds.push_back({inputs.at(key), &tensors.back()});
    }
    ExitOn(name, session->Run(feeds, std::vector<tf::Output>{}, std::vector{step}).status());
  }
  for (const train::Variable& variable : model.variables()) {
    auto values = session->Run({}, {variable.value}, {});
    ExitOn(name, values.status());
    printed["out:" + variable.name] = std::move((*values)[0]);
  }
  Print(name, printed);
}

// sum(scale * (w - 0.1)^2) of two variables
void PrintDense(const std::string& name, const Optimizer& optimizer,
                const MinimizeOptions& options = {}) {
  PrintSteps(
      name + "_dense", optimizer, options, {{"w", Numbers({3, 2}, 41)}, {"b", Numbers({4}, 42)}},
      {{"scale_w", Numbers({kSteps, 3, 2}, 43)}, {"scale_b", Numbers({kSteps, 4}, 44)}},
      [](ModelBuilder& model, const auto& variables, const Outputs& in) {
        const tf::Scope scope = model.scope();
        tf::Output loss;
        for (const char* key : {"w", "b"}) {
          const tf::Output off = tf::Sub(scope, variables.at(key)->value, tf::Const(scope, 0.1f));
          const tf::Output part = tf::Sum(
              scope, tf::Mul(scope, in.at(std::string("scale_") + key), tf::Mul(scope, off, off)));
          loss = loss ? tf::Add(scope, loss, part) : part;
        }
        return loss;
      });
}

// sum(scale * rows^2), where the ids repeat within a step
void PrintSparse(const std::string& name, const Optimizer& optimizer) {
  PrintSteps(name + "_sparse", optimizer, {}, {{"table", Numbers({6, 2}, 45)}},
             {{"ids", Integers({kSteps, 5}, 6, 46)}, {"scale", Numbers({kSteps, 5, 2}, 47)}},
             [](ModelBuilder& model, const auto& variables, const Outputs& in) {
               const tf::Output rows = model.Lookup(*variables.at("table"), in.at("ids"));
               const tf::Scope scope = model.scope();
               return tf::Sum(scope, tf::Mul(scope, in.at("scale"), tf::Mul(scope, rows, rows)));
             });
}

void PrintBoth(const std::string& name, const Optimizer& optimizer) {
  PrintDense(name, optimizer);
  PrintSparse(name, optimizer);
}

}  // namespace

void PrintOptimizers() {
  const train::Schedule decaying = train::ExponentialDecay(0.1, 2, 0.8);
  PrintBoth("gradient_descent", train::GradientDescent({.learning_rate = decaying}));
  PrintBoth("momentum", train::Momentum({.learning_rate = 0.1, .momentum = 0.8f}));
  PrintBoth("nesterov",
            train::Momentum({.learning_rate = 0.1, .momentum = 0.8f, .use_nesterov = true}));
  PrintBoth("adagrad", train::Adagrad({.learning_rate = 0.1}));
  PrintBoth("rmsprop", train::RMSProp({.learning_rate = 0.1, .momentum = 0.5f}));
  PrintBoth("rmsprop_centered", train::RMSProp({.learning_rate = 0.1, .centered = true}));
  PrintBoth("adam", train::Adam({.learning_rate = decaying}));
  PrintSparse("lazy_adam", train::Adam({.learning_rate = 0.1, .lazy = true}));
  PrintBoth("ftrl", train::Ftrl({.learning_rate = 0.1}));
  PrintBoth("ftrl_penalties", train::Ftrl({.learning_rate = 0.1,
                                           .l1_regularization_strength = 0.05f,
                                           .l2_regularization_strength = 0.1f,
                                           .l2_shrinkage_regularization_strength = 0.02f,
                                           .beta = 0.3f}));
  PrintDense("adamw",
             train::AdamW(
                 {.learning_rate = 0.1, .weight_decay = 0.1, .exclude_from_weight_decay = {"b"}}));
  PrintSparse("adamw", train::AdamW({.learning_rate = 0.1, .weight_decay = 0.1}));
  PrintBoth("lamb", train::LAMB({.learning_rate = 0.1}));

  const train::Momentum momentum({.learning_rate = 0.1, .momentum = 0.8f});
  PrintDense("clip_value", momentum, {.clip_value = 0.3});
  PrintDense("clip_norm", momentum, {.clip_norm = 0.3});
  PrintDense("clip_global_norm", momentum, {.clip_global_norm = 0.5});
  PrintDense("weight_decay", momentum, {.weight_decay = 0.2, .exclude_from_weight_decay = {"b"}});
  PrintDense("accumulation", momentum,
             {.clip_global_norm = 0.5, .gradient_accumulation_steps = 3, .weight_decay = 0.2});
  PrintDense("average", momentum, {.moving_average_decay = 0.9});
  PrintDense("average_warm_up", momentum,
             {.moving_average_decay = 0.9, .moving_average_warm_up = true});
}

}  // namespace trainyard::exact
