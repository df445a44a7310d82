// Vectors that stand for things with numbers: words, users, products.
#pragma once

#include <cstdint>
#include <string>

#include "train/initializers.h"
#include "train/model_builder.h"

namespace trainyard::train {

// How the vectors of one example's ids become one.
enum class Combiner {
  kNone,   // they do not
  kSum,    // their sum
  kMean,   // divided by their number
  kSqrtN,  // divided by the square root of their number, which keeps the variance
};

struct EmbeddingOptions {
  int64_t input_dim = 0;   // ids are 0 to input_dim - 1; required
  int64_t output_dim = 0;  // size of a vector; required
  Combiner combiner = Combiner::kNone;
  // Sparse: a step computes, sends and (with Adagrad, Ftrl, Momentum, RMSProp and GradientDescent)
  // updates only the rows that the batch has read. Dense: all of them, which small tables may do
  // faster; the numbers are the same where the optimizer treats both alike (see its header). Of a
  // table that is split over parameter servers (RunConfig::partitioner) sparse lookups ask each
  // server for its rows, dense ones read all of it.
  bool sparse_gradient = true;
  Initializer embeddings_initializer = RandomUniform(-0.05f, 0.05f);
  std::string name = "embedding";  // embedding_1, embedding_2, ... for the next ones
};

// ids [batch] -> [batch,output_dim]
// ids [batch,n] -> [batch,n,output_dim], or with a combiner [batch,output_dim]
//
// Ids are integers. One that is not in the table ends the run in InvalidArgument with the id and
// its place, such as "indices[1,0] = 7 is not in [0, 5)" (of a split table
// "[embedding/embeddings: indices] [[1 0]] [=] [7] [is not in [0, 5)]"). Variable:
// <name>/embeddings [input_dim,output_dim]. As tf.keras.layers.Embedding, combiners as in
// tf.nn.embedding_lookup_sparse without weights.
tf::Output Embedding(ModelBuilder& model, const tf::Output& ids, const EmbeddingOptions& options);

}  // namespace trainyard::train
