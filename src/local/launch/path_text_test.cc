#include "local/launch/path_text.h"

#include <gtest/gtest.h>

namespace trainyard::local {
namespace {

std::optional<std::string> Map(std::string_view path) {
  const auto below = PathBelow(path, "/data");
  return below ? std::optional("/here" + std::string(*below)) : std::nullopt;
}

TEST(PathTextTest, ReplacesPathsAtTheirBoundaries) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"/data", "/here"},
      {"/data/mnist", "/here/mnist"},
      {"--data=/data/mnist", "--data=/here/mnist"},
      {"/database", "/database"},
      {"/data-2", "/data-2"},
      {"x/data", "x/data"},
      {"./data", "./data"},
      {"/data:/usr/lib:/data/lib", "/here:/usr/lib:/here/lib"},
      {"cp /data/a '/data/b' \"/data/c\";ls /data", "cp /here/a '/here/b' \"/here/c\";ls /here"},
      {R"({"dir": "/data/x"})", R"({"dir": "/here/x"})"},
      {"cat </data/x >/data/y", "cat </here/x >/here/y"},
      {"$(ls /data)", "$(ls /here)"},
      {"file:///data/x", "file:///here/x"},
      {"gs://data/x", "gs://data/x"},
      {"http://host:80/data", "http://host:80/data"},
      {"/data/*.tfrecord", "/here/*.tfrecord"},
      {"", ""},
      {"/", "/"},
  };
  for (const auto& [text, expected] : rows) EXPECT_EQ(ReplacePaths(text, Map), expected) << text;
}

}  // namespace
}  // namespace trainyard::local
