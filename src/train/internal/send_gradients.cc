#include "train/internal/send_gradients.h"

#include "tf/ops.h"
#include "train/internal/update.h"

namespace trainyard::train::internal {

std::vector<Gradient> SendToVariables(ModelBuilder& model, std::vector<Gradient> gradients) {
  for (Gradient& gradient : gradients) {
    const Variable& variable = *gradient.variable;
    if (gradient.is_sparse() || !gradient.value) continue;
    if (tf::OperationDevice(gradient.value.op) == variable.device) continue;
    gradient.value = tf::Identity(UpdateScope(model, variable), gradient.value, "gradient");
  }
  return gradients;
}

}  // namespace trainyard::train::internal
