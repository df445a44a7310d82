// The command line of the REST front end.
#pragma once

#include "serving/frontends/rest/rest_server.h"

namespace CLI {
class App;
}

namespace trainyard::serving {

// Adds the flags of RestOptions; parsing fills `options`, which outlives `app`.
void AddRestFlags(CLI::App* app, RestOptions* options);

}  // namespace trainyard::serving
