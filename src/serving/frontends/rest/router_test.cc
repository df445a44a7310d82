#include "serving/frontends/rest/router.h"

#include <gtest/gtest.h>

#include <vector>

namespace trainyard::serving {
namespace {

struct Case {
  const char* method;
  const char* target;
  RestCall call;
  const char* model = "";
  std::optional<int64_t> version = std::nullopt;
  std::optional<std::string> label = std::nullopt;
};

TEST(RouterTest, FindsWhatIsAskedFor) {
  const std::vector<Case> cases = {
      {"POST", "/v1/models/m:predict", RestCall::kPredict, "m"},
      {"POST", "/V1/Models/M:PREDICT", RestCall::kPredict, "M"},
      {"POST", "/v1/models/m:predict?x=1", RestCall::kPredict, "m"},
      {"POST", "/v1/models/m/versions/12:classify", RestCall::kClassify, "m", 12},
      {"POST", "/v1/models/m/labels/stable:regress", RestCall::kRegress, "m", {}, "stable"},
      {"POST", "/v1/models/a%2Fb/labels/%41:predict", RestCall::kPredict, "a/b", {}, "A"},
      {"GET", "/v1/models/m", RestCall::kStatus, "m"},
      {"GET", "/v1/models/m/versions/3", RestCall::kStatus, "m", 3},
      {"GET", "/v1/models/m/labels/l", RestCall::kStatus, "m", {}, "l"},
      {"GET", "/v1/models/m/metadata", RestCall::kMetadata, "m"},
      {"GET", "/v1/models/m/versions/3/metadata", RestCall::kMetadata, "m", 3},
      {"GET", "/v1/models/metadata", RestCall::kStatus, "metadata"},
      {"GET", "/v1/models", RestCall::kListModels},
      {"GET", "/v1/models/?pretty", RestCall::kListModels},
      {"OPTIONS", "/v1/whatever", RestCall::kOptions},
      {"GET", "/healthz", RestCall::kHealth},
      {"GET", "/readyz?verbose", RestCall::kReady},
      {"GET", "/metrics?x", RestCall::kMetrics},
      {"GET", "/", RestCall::kUnknown},
      {"POST", "/healthz", RestCall::kUnknown},
      {"GET", "/v2/models", RestCall::kUnknown},
  };
  for (const Case& one : cases) {
    const auto route = RouteRequest(one.method, one.target, "/metrics");
    ASSERT_TRUE(route.ok()) << one.target << route.status();
    EXPECT_EQ(route->call, one.call) << one.target;
    EXPECT_EQ(route->model, one.model) << one.target;
    EXPECT_EQ(route->version, one.version) << one.target;
    EXPECT_EQ(route->label, one.label) << one.target;
  }
}

TEST(RouterTest, RefusesWhatIsMalformed) {
  for (const auto& [method, target] : std::vector<std::pair<std::string, std::string>>{
           {"GET", "/v1/"},
           {"GET", "/v1/model/m"},
           {"PUT", "/v1/models/m"},
           {"GET", "/v1/models/m:predict"},
           {"POST", "/v1/models/m"},
           {"POST", "/v1/models/m:predictx"},
           {"POST", "/v1/models/m/:predict"},
           {"POST", "/v1/models/:predict"},
           {"POST", "/v1/models/m/versions/1x:predict"},
           {"POST", "/v1/models/m/versions/-1:predict"},
           {"POST", "/v1/models/m/versions/:predict"},
           {"POST", "/v1/models/m/labels/:predict"},
           {"GET", "/v1/models/m/versions/1/labels/l"},
           {"GET", "/v1/models/m/"},
           {"GET", "/v1/modelsx"}}) {
    const auto route = RouteRequest(method, target, "");
    ASSERT_FALSE(route.ok()) << target;
    EXPECT_EQ(route.error().message(), "Malformed request: " + method + " " + target);
  }
  EXPECT_EQ(RouteRequest("GET", "/v1/models/m/versions/9223372036854775808", "").status().message(),
            "Failed to convert version: 9223372036854775808 to numeric.");
}

}  // namespace
}  // namespace trainyard::serving
