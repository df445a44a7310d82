#include "tabular/model.h"

#include <numbers>

#include "tf/ops.h"
#include "train/layers.h"
#include "train/losses.h"
#include "train/metrics.h"
#include "train/optimizers.h"
#include "train/vocabulary.h"

namespace tabular {

using namespace trainyard::train;
namespace tf = trainyard::tf;

namespace {

// One row per name, and the last for names that the vocabulary lacks.
tf::Output Embed(ModelBuilder& model, const std::string& vocabulary, const tf::Output& names,
                 int64_t count, int64_t size, const char* name) {
  return Embedding(model, VocabularyIds(model, vocabulary, names, count),
                   {.input_dim = count + 1, .output_dim = size, .name = name});
}

// Where the hand of a 24 hours' clock points, so that 23:59 is near to 0:00. [batch] -> [batch,2]
tf::Output Clock(ModelBuilder& model, const tf::Output& hour) {
  const tf::Scope& scope = model.scope();
  const auto turn = tf::Const(scope, static_cast<float>(2 * std::numbers::pi / 24));
  const tf::Output angle = tf::Mul(scope, tf::Reshape(scope, hour, {-1, 1}), turn);
  return Concatenate(model, {scope.Op("Sin").In(angle).Out(), scope.Op("Cos").In(angle).Out()});
}

tf::Output Logits(ModelBuilder& model, const Features& features, const ModelOptions& options) {
  const int64_t size = options.embedding_size;
  const tf::Output user =
      Embed(model, options.users_file, features.at("user"), options.num_users, size, "user");
  const tf::Output film =
      Embed(model, options.films_file, features.at("film"), options.num_films, size, "film");
  // A dense network is slow to find products; taste is one.
  const tf::Output taste = tf::Mul(model.scope(), user, film);
  tf::Output x = Concatenate(model, {user, film, taste, Clock(model, features.at("hour"))});
  x = Dense(model, x, {.units = options.hidden_units, .activation = Relu});
  return tf::Reshape(model.scope(), Dense(model, x, {.units = 1}), {-1});
}

}  // namespace

ModelFn ClicksModel(const ModelOptions& options) {
  return [options](ModelBuilder& model, const Features& features, const tf::Output& labels) {
    const tf::Output logits = Logits(model, features, options);
    const tf::Output probability = Sigmoid(model.scope(), logits);

    ModelSpec spec;
    spec.predictions = {{"probability", probability}};
    if (model.mode() == Mode::kPredict) return spec;
    spec.loss = SigmoidCrossEntropy(model, labels, logits);
    spec.metrics = {{"auc", AreaUnderCurve(model, labels, probability)},
                    {"accuracy", BinaryAccuracy(model, labels, probability)}};
    if (!model.training()) return spec;
    // Lazy: a step touches the rows of its batch, not the whole tables.
    const Schedule rate = CosineDecay(options.learning_rate, options.max_steps);
    spec.train_op = Minimize(model, spec.loss, Adam({.learning_rate = rate, .lazy = true}));
    return spec;
  };
}

}  // namespace tabular
