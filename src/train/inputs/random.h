// A random generator whose whole state is one number, so that positions in data can hold it.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace trainyard::train {

// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine. A value.
class Random {
 public:
  explicit Random(uint64_t state) : state_(state) {}
  // A generator of its own for each combination of numbers, for example {seed, epoch, example}.
  static Random Of(std::initializer_list<uint64_t> numbers) {
    uint64_t state = 0;
    for (const uint64_t number : numbers) state = Random(state ^ number).Next();
    return Random(state);
  }

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // 0 to bound - 1. The unevenness is below bound / 2^64.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  // In [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

  uint64_t state() const { return state_; }

 private:
  uint64_t state_;
};

}  // namespace trainyard::train
