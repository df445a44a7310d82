#include "train/layers/embedding.h"

#include "exact_cases.h"

namespace trainyard::exact {
namespace {

using train::Combiner;
using train::ModelBuilder;

// Of the dense gradient; the sparse one is in the optimizers' cases.
void PrintEmbedding(const std::string& name, const tf::Shape& ids, Combiner combiner) {
  for (const bool sparse : {false, true}) {
    PrintCase(
        name + (sparse ? "_sparse" : ""), {{"ids", Integers(ids, 7, 51)}},
        [&](ModelBuilder& model, const Outputs& in) {
          return Outputs{{"y", Embedding(model, in.at("ids"),
                                         {.input_dim = 7,
                                          .output_dim = 3,
                                          .combiner = combiner,
                                          .sparse_gradient = sparse})}};
        },
        /*with_gradients=*/!sparse);
  }
}

}  // namespace

void PrintEmbeddings() {
  PrintEmbedding("embedding", {5}, Combiner::kNone);
  PrintEmbedding("embedding_nested", {4, 3}, Combiner::kNone);
  PrintEmbedding("embedding_sum", {4, 3}, Combiner::kSum);
  PrintEmbedding("embedding_mean", {4, 3}, Combiner::kMean);
  PrintEmbedding("embedding_sqrtn", {4, 3}, Combiner::kSqrtN);
}

}  // namespace trainyard::exact
