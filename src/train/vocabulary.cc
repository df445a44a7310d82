#include "train/vocabulary.h"

#include "base/files.h"
#include "tf/ops.h"

namespace trainyard::train {
namespace {

// What InitializeTableFromTextFileV2 takes for a whole line, and for its number.
constexpr int64_t kWholeLine = -2;
constexpr int64_t kLineNumber = -1;

struct Lookup {
  tf::DataType key = tf::DataType::kString;
  tf::DataType value = tf::DataType::kInt64;
  int64_t key_index = kWholeLine;
  int64_t value_index = kLineNumber;
};

tf::Output Find(ModelBuilder& model, const std::string& file, const tf::Output& keys,
                const tf::Tensor& default_value, const Lookup& lookup) {
  if (!PathExists(file)) {
    model.graph().Fail(NotFoundError("there is no vocabulary file {}", file));
    return {};
  }
  const tf::Scope scope = model.scope().Named("vocabulary");
  const tf::Output table = scope.Op("HashTableV2")
                               .Type("key_dtype", lookup.key)
                               .Type("value_dtype", lookup.value)
                               .String("shared_name", scope.FullName("table"))
                               .Out();
  model.AddTableInitializer(scope.Op("InitializeTableFromTextFileV2")
                                .In(table)
                                .In(model.AddAsset(file))
                                .Int("key_index", lookup.key_index)
                                .Int("value_index", lookup.value_index)
                                .Finish());
  const tf::Output found = scope.Op("LookupTableFindV2")
                               .In(table)
                               .In(keys)
                               .In(tf::Const(scope, default_value))
                               .Type("Tin", lookup.key)
                               .Type("Tout", lookup.value)
                               .Out();
  // TensorFlow cannot tell the shape by itself: a table might map keys to vectors.
  if (!model.graph().status().ok()) return {};
  const Result<tf::Shape> shape = model.graph().OutputShape(keys);
  if (!shape.ok()) return found;
  return scope.Op("EnsureShape").In(found).ShapeOf("shape", *shape).Out();
}

}  // namespace

tf::Output VocabularyIds(ModelBuilder& model, const std::string& vocabulary_file,
                         const tf::Output& words, int64_t default_value) {
  return Find(model, vocabulary_file, words, tf::Tensor::Scalar(default_value), {});
}

tf::Output VocabularyWords(ModelBuilder& model, const std::string& vocabulary_file,
                           const tf::Output& ids, const std::string& default_value) {
  return Find(model, vocabulary_file, ids, tf::Tensor::StringScalar(default_value),
              {.key = tf::DataType::kInt64,
               .value = tf::DataType::kString,
               .key_index = kLineNumber,
               .value_index = kWholeLine});
}

}  // namespace trainyard::train
