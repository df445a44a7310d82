#include "train/exports/serving_input.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "tf/ops.h"

namespace trainyard::train {
namespace {

// The type of the list that holds a feature of that type in a tf.Example.
std::optional<tf::DataType> ListType(tf::DataType type) {
  switch (type) {
    case tf::DataType::kFloat:
    case tf::DataType::kDouble:
      return tf::DataType::kFloat;
    case tf::DataType::kInt64:
    case tf::DataType::kInt32:
    case tf::DataType::kUint8:
    case tf::DataType::kBool:
      return tf::DataType::kInt64;
    case tf::DataType::kString:
      return tf::DataType::kString;
    default:
      return std::nullopt;
  }
}

// What ParseExampleV2 takes for "no default": an empty vector.
tf::Tensor NoDefault(tf::DataType type) {
  if (type == tf::DataType::kString) return tf::Tensor::FromStrings({0}, {});
  return tf::Tensor::Allocate(type, {0});
}

tf::Output Strings(const tf::Scope& scope, const std::vector<std::string>& values) {
  return tf::Const(scope, tf::Tensor::FromStrings({static_cast<int64_t>(values.size())}, values));
}

}  // namespace

std::map<std::string, tf::Output> AddExampleParsing(const tf::Scope& scope, const InputSpec& spec,
                                                    tf::Output* examples) {
  *examples = tf::Placeholder(scope, tf::DataType::kString, {-1}, "input_example_tensor");
  const tf::Scope parsing = scope.Named("ParseExample");
  std::vector<std::string> keys;
  std::vector<tf::Output> defaults;
  std::vector<tf::DataType> types;
  std::vector<tf::Shape> shapes;
  for (const auto& [name, feature] : spec.features) {
    const std::optional<tf::DataType> type = ListType(feature.dtype);
    const bool known =
        !feature.shape.empty() && std::all_of(feature.shape.begin() + 1, feature.shape.end(),
                                              [](int64_t size) { return size >= 0; });
    if (!type.has_value() || !known) {
      scope.graph().Fail(InvalidArgumentError(
          "feature \"{}\" of type {} and shape {} cannot be parsed from a tf.Example", name,
          tf::DataTypeName(feature.dtype), tf::ShapeToString(feature.shape)));
      return {};
    }
    keys.push_back(name);
    types.push_back(*type);
    defaults.push_back(tf::Const(parsing, NoDefault(*type)));
    shapes.emplace_back(feature.shape.begin() + 1, feature.shape.end());
  }
  const tf::Operation parse = parsing.Op("ParseExampleV2")
                                  .In(*examples)
                                  .In(Strings(parsing, {}))  // names, for messages
                                  .In(Strings(parsing, {}))  // sparse features
                                  .In(Strings(parsing, keys))
                                  .In(Strings(parsing, {}))  // ragged features
                                  .InList(defaults)
                                  .Types("Tdense", types)
                                  .Int("num_sparse", 0)
                                  .Types("sparse_types", {})
                                  .Types("ragged_value_types", {})
                                  .Types("ragged_split_types", {})
                                  .Shapes("dense_shapes", shapes)
                                  .Finish();
  std::map<std::string, tf::Output> features;
  if (parse == nullptr) return features;
  for (size_t i = 0; i < keys.size(); ++i) {
    features[keys[i]] =
        tf::Cast(parsing, {parse, static_cast<int>(i)}, spec.features.at(keys[i]).dtype);
  }
  return features;
}

}  // namespace trainyard::train
