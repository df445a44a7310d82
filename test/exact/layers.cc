#include "train/layers.h"

#include "exact_cases.h"

namespace trainyard::exact {

using train::ModelBuilder;

void PrintLayers() {
  PrintCase("dense", {{"x", Numbers({3, 4}, 1)}}, [](ModelBuilder& model, const Outputs& in) {
    return Outputs{{"y", Dense(model, in.at("x"),
                               {.units = 2,
                                .activation = train::Tanh,
                                .bias_initializer = train::Constant(0.5f)})}};
  });
  PrintCase("conv2d", {{"x", Numbers({2, 6, 5, 3}, 2)}},
            [](ModelBuilder& model, const Outputs& in) {
              return Outputs{{"y", Conv2D(model, in.at("x"),
                                          {.filters = 4,
                                           .kernel_size = {3, 2},
                                           .strides = {2, 1},
                                           .padding = train::Padding::kSame,
                                           .activation = train::Relu})}};
            });
}

}  // namespace trainyard::exact
