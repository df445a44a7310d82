// Predicts clicks from who is shown what, and when: embeddings and a dense network.
#pragma once

#include <string>

#include "train/model_spec.h"

namespace tabular {

struct ModelOptions {
  std::string users_file;  // vocabularies, one name per line
  std::string films_file;
  int64_t num_users = 1000;
  int64_t num_films = 300;
  int64_t embedding_size = 8;
  int64_t hidden_units = 32;
  double learning_rate = 0.004;  // falls along half a cosine wave to 0 in the last step
  int64_t max_steps = 2000;
};

// Features "user", "film" (string [batch]) and "hour" (float [batch], 0 to 24); labels 0 or 1,
// integers [batch]. Predicts "probability", float [batch]. A user or film that is in no vocabulary
// gets an embedding that all unknown ones share.
trainyard::train::ModelFn ClicksModel(const ModelOptions& options);

}  // namespace tabular
