#include "serving/inference/inference_proto.h"

namespace trainyard::serving {

namespace api = ::tensorflow::serving;

Examples ExamplesOf(const api::Input& input) {
  Examples examples;
  const auto& serialized = input.has_example_list_with_context()
                               ? input.example_list_with_context().examples()
                               : input.example_list().examples();
  examples.serialized.assign(serialized.begin(), serialized.end());
  examples.context = input.example_list_with_context().context();
  return examples;
}

void ToProto(const ClassifyResult& result, api::ClassificationResult* proto) {
  proto->mutable_classifications()->Reserve(static_cast<int>(result.num_examples));
  for (int64_t example = 0; example < result.num_examples; ++example) {
    api::Classifications* row = proto->add_classifications();
    row->mutable_classes()->Reserve(static_cast<int>(result.num_classes));
    for (int64_t number = 0; number < result.num_classes; ++number) {
      api::Class* entry = row->add_classes();
      entry->set_label(result.label(example, number));
      entry->set_score(result.score(example, number));
    }
  }
}

void ToProto(std::span<const float> values, api::RegressionResult* proto) {
  proto->mutable_regressions()->Reserve(static_cast<int>(values.size()));
  for (const float value : values) proto->add_regressions()->set_value(value);
}

std::string SignatureNameOf(const api::ModelSpec& asked) {
  return asked.signature_name().empty() ? kDefaultSignature : asked.signature_name();
}

void FillModelSpec(const ServableId& id, const api::ModelSpec& asked, api::ModelSpec* spec) {
  spec->set_name(id.name);
  spec->mutable_version()->set_value(id.version);
  spec->set_signature_name(SignatureNameOf(asked));
}

}  // namespace trainyard::serving
