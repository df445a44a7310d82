#include "serving/inference/examples.h"

#include <string>

namespace trainyard::serving {

Result<const BoundSignature*> FindExamplesSignature(const Servable& servable,
                                                    const std::string& name) {
  const BoundSignature* signature = servable.FindSignature(name);
  if (signature != nullptr) return signature;
  return InvalidArgumentError("No signature was found with the name: {}",
                              name.empty() ? kDefaultSignature : name);
}

Result<tf::Tensor> ToTensor(const Examples& examples) {
  if (examples.serialized.empty()) return InvalidArgumentError("Input is empty.");
  const tf::Shape shape = {static_cast<int64_t>(examples.serialized.size())};
  if (examples.context.empty()) {
    return tf::Tensor::FromStringViews(shape, examples.serialized);
  }
  std::vector<std::string> merged;
  merged.reserve(examples.serialized.size());
  for (const std::string_view example : examples.serialized) {
    std::string& both = merged.emplace_back();
    both.reserve(examples.context.size() + example.size());
    both.append(examples.context).append(example);
  }
  return tf::Tensor::FromStrings(shape, merged);
}

}  // namespace trainyard::serving
