// What requests to an exported model carry.
#pragma once

#include <map>
#include <string>

#include "tf/graph.h"
#include "train/input.h"

namespace trainyard::train {

// The features as they are, one input each, or serialized tf.Example messages that hold them. An
// InputSpec turns into the first by itself; labels are ignored.
struct ServingInput {
  ServingInput() = default;
  ServingInput(InputSpec input) : spec(std::move(input)) {}  // NOLINT: meant to be implicit

  InputSpec spec;
  bool parse_examples = false;
};

// As build_parsing_serving_input_receiver_fn: the model's only input is `examples`, string [batch],
// placeholder input_example_tensor. Each example must have every feature of `spec`, with as many
// values as its shape without the batch says (all sizes known): float features as float_list,
// strings as bytes_list, integers and bools as int64_list.
inline ServingInput ParsingServingInput(InputSpec spec) {
  ServingInput input(std::move(spec));
  input.parse_examples = true;
  return input;
}

// Adds a ParsingServingInput's operations: gives the features and sets `examples` to the
// placeholder. Fails the graph, naming the feature, where a type or shape cannot be parsed.
std::map<std::string, tf::Output> AddExampleParsing(const tf::Scope& scope, const InputSpec& spec,
                                                    tf::Output* examples);

}  // namespace trainyard::train
