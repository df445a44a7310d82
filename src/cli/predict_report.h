// Showing what a model said about a picture: to people and to programs. Pure and thread-safe.
#pragma once

#include <string>
#include <vector>

#include "cli/image.h"
#include "cli/image_draw.h"
#include "cli/predict_answer.h"

namespace trainyard::cli {

struct Prediction {
  std::string file;
  std::string model;
  int64_t version = 0;
  std::string signature;
  GreyImage image;                 // as the model saw it
  std::vector<std::string> notes;  // what was done to the picture first
  Answer answer;
};

// Several lines: the answer, the notes, the picture with the other classes beside it. `columns` is
// the width of the terminal; what has no room is left out.
std::string FormatForPeople(const Prediction& prediction, DrawStyle style, int columns);

// One line of JSON: image, model, version, signature, class (a number where it is one), probability
// and probabilities (null and [] if the model gives none), notes.
std::string FormatAsJson(const Prediction& prediction);

}  // namespace trainyard::cli
