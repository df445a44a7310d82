#include "train/schedules.h"

#include "exact_cases.h"

namespace trainyard::exact {
namespace {

// Around boundaries, restarts and ends of the schedules below.
const Values kSteps{.shape = {17},
                    .floats = {0, 1, 3, 4, 5, 9, 10, 11, 15, 20, 21, 29, 31, 45, 70, 99, 1000}};

void PrintSchedule(const std::string& name, const train::Schedule& schedule) {
  PrintCase(
      name, {{"step", kSteps}},
      [&](train::ModelBuilder& model, const Outputs& in) {
        return Outputs{{"rate", schedule(model.scope(), in.at("step"))}};
      },
      /*with_gradients=*/false);
}

}  // namespace

void PrintSchedules() {
  PrintSchedule("piecewise", train::PiecewiseConstant({4, 10, 30}, {0.5, 0.25, 0.1, 0.01}));
  PrintSchedule("exponential", train::ExponentialDecay(0.3, 10, 0.7));
  PrintSchedule("exponential_staircase", train::ExponentialDecay(0.3, 10, 0.7, true));
  PrintSchedule("inverse_time", train::InverseTimeDecay(0.3, 10, 0.7));
  PrintSchedule("inverse_time_staircase", train::InverseTimeDecay(0.3, 10, 0.7, true));
  PrintSchedule("polynomial", train::PolynomialDecay(0.3, 30, 0.01, 2));
  PrintSchedule("polynomial_cycle", train::PolynomialDecay(0.3, 10, 0.01, 0.5, true));
  PrintSchedule("cosine", train::CosineDecay(0.3, 30, 0.1));
  PrintSchedule("cosine_warm_up", train::WarmUp(train::CosineDecay(0.3, 30, 0.1), 10, 0.05));
  PrintSchedule("cosine_restarts", train::CosineDecayRestarts(0.3, 10));
  PrintSchedule("cosine_even_restarts",
                train::CosineDecayRestarts(0.3, 10, {.t_mul = 1, .m_mul = 0.8, .alpha = 0.1}));
}

}  // namespace trainyard::exact
