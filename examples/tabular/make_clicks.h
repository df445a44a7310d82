// Clicks that never happened: a table with a structure that is known, and with it the best that any
// model can reach.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace tabular {

// A person is shown a film at an hour of the day, and clicks or does not.
struct Click {
  int user = 0;
  int film = 0;
  float hour = 0;          // from 0 to 24
  double probability = 0;  // of a click
  bool clicked = false;
};

struct ClicksOptions {
  int users = 1000;
  int films = 300;
  uint64_t seed = 1;
};

// log(p / (1 - p)) is -0.5, plus 1.2 times the inner product of the tastes of user and film (three
// normal numbers each), plus how well liked the film is (normal, half as wide), plus
// 0.8 cos(2 pi (hour - 21) / 24). Users and films are those of the options' seed; `stream` tells
// one table of them from another. The same numbers on every machine with the same mathematical
// library.
std::vector<Click> MakeClicks(int count, uint64_t stream, const ClicksOptions& options = {});

// The area under the ROC curve of the true probabilities: no model does better, but for luck.
double BestAuc(const std::vector<Click>& clicks);

// "user,film,hour,clicked" and a row for each, such as "u0017,f203,21.52,1".
std::string FormatCsv(const std::vector<Click>& clicks);
std::string UserName(int user);
std::string FilmName(int film);

}  // namespace tabular
