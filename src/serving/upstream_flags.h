// Flags of TensorFlow Serving that change nothing here, or ask for what this server does not have.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace trainyard::serving {

// What the flags write to, and nobody reads. Outlives the parsing.
struct IgnoredFlags {
  bool boolean = false;
  double number = 0;
};

// Adds them, hidden from --help. Manifests that set them to what holds here anyway keep working;
// one that asks for more ends the parsing with an error that says why it is not to be had.
// docs/contracts/serving.md lists them.
void AddUpstreamFlags(CLI::App* app, IgnoredFlags* ignored);

}  // namespace trainyard::serving
