#include "serving/versions/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace trainyard::serving {
namespace {

using Names = std::vector<std::string>;

TEST(ParseVersionTest, TakesWholeNumbersOnly) {
  EXPECT_EQ(ParseVersion("1"), 1);
  EXPECT_EQ(ParseVersion("00000007"), 7);
  EXPECT_EQ(ParseVersion("1709251200"), 1709251200);
  EXPECT_EQ(ParseVersion("-3"), -3);
  for (const char* name :
       {"", "a", "1a", "1.5", " 1", "temp-1", "+1", "0x1", "99999999999999999999"}) {
    EXPECT_EQ(ParseVersion(name), std::nullopt) << name;
  }
}

TEST(MissingPartTest, NamesWhatAVersionLacks) {
  const struct {
    Names root;
    std::optional<Names> variables;
    std::string missing;
  } cases[] = {
      {{}, std::nullopt, "saved_model.pb"},
      {{"assets"}, std::nullopt, "saved_model.pb"},
      {{"saved_model.pb"}, std::nullopt, ""},  // a model without variables
      {{"saved_model.pb", "variables"}, Names{}, "variables/variables.index"},
      {{"saved_model.pb", "variables"},
       Names{"variables.data-00000-of-00001"},
       "variables/variables.index"},
      {{"saved_model.pb", "variables"},
       Names{"variables.index"},
       "variables/variables.data-00000-of-00001"},
      {{"saved_model.pb", "variables"},
       Names{"variables.data-00000-of-00001", "variables.index"},
       ""},
      {{"saved_model.pb", "variables"},
       Names{"variables.data-00000-of-00003", "variables.data-00002-of-00003", "variables.index"},
       "variables/variables.data-00001-of-00003"},
      {{"saved_model.pb", "variables"},
       Names{"variables.data-00000-of-00001.tempstate123", "variables.index"},
       "variables/variables.data-00000-of-00001"},
  };
  for (const auto& c : cases) EXPECT_EQ(MissingPart(c.root, c.variables), c.missing);
}

TEST(ListVersionsTest, SortsVersionsAndSkipsOtherNames) {
  TemporaryDirectory dir;
  for (const char* name : {"10", "9", "temp-11", "export"}) {
    ASSERT_TRUE(MakeDirectories(JoinPath(dir.path(), name)).ok());
  }
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir.path(), "12"), "a file").ok());
  const std::vector<VersionSeen> versions = ListVersions(dir.path()).value();
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].version, 9);
  EXPECT_EQ(versions[1].version, 10);
  EXPECT_EQ(versions[1].missing, "saved_model.pb");
}

TEST(ListVersionsTest, FingerprintFollowsTheFiles) {
  TemporaryDirectory dir;
  const std::string model = JoinPath(dir.path(), "1/saved_model.pb");
  ASSERT_TRUE(MakeDirectories(JoinPath(dir.path(), "1")).ok());
  ASSERT_TRUE(WriteFileAtomically(model, "one").ok());
  const std::string before = ListVersions(dir.path()).value()[0].fingerprint;
  EXPECT_EQ(ListVersions(dir.path()).value()[0].fingerprint, before);
  ASSERT_TRUE(WriteFileAtomically(model, "three").ok());
  EXPECT_NE(ListVersions(dir.path()).value()[0].fingerprint, before);
}

TEST(ListVersionsTest, SaysThatTheDirectoryIsMissing) {
  EXPECT_EQ(ListVersions("/nowhere/at/all").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace trainyard::serving
