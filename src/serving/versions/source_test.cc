#include "serving/versions/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace trainyard::serving {
namespace {

using ::testing::HasSubstr;
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
      {{"saved_model.pbtxt"}, std::nullopt, ""},
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

TEST(RefusedFormatTest, NamesModelsOfOtherKinds) {
  EXPECT_THAT(RefusedFormat({"export.meta", "export-00000-of-00001"}), HasSubstr("SessionBundle"));
  EXPECT_THAT(RefusedFormat({"model.tflite"}), HasSubstr("TFLite model (model.tflite)"));
  EXPECT_EQ(RefusedFormat({"assets"}), "");
  EXPECT_EQ(RefusedFormat({"saved_model.pb", "model.tflite"}), "");
}

TEST(ListVersionDirectoriesTest, SortsVersionsAndSkipsOtherNames) {
  TemporaryDirectory dir;
  for (const char* name : {"10", "9", "009", "temp-11", "export"}) {
    ASSERT_TRUE(MakeDirectories(JoinPath(dir.path(), name)).ok());
  }
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir.path(), "12"), "a file").ok());
  const std::vector<VersionDirectory> versions = ListVersionDirectories(dir.path()).value();
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].version, 9);
  EXPECT_EQ(versions[0].directory, JoinPath(dir.path(), "9"));
  EXPECT_EQ(versions[1].version, 10);
}

TEST(ListVersionDirectoriesTest, SaysThatTheDirectoryIsMissing) {
  EXPECT_EQ(ListVersionDirectories("/nowhere/at/all").status().code(), StatusCode::kNotFound);
}

TEST(InspectVersionTest, FingerprintFollowsTheFiles) {
  TemporaryDirectory dir;
  EXPECT_EQ(InspectVersion(1, dir.path()).missing, "saved_model.pb");
  const std::string model = JoinPath(dir.path(), "saved_model.pb");
  ASSERT_TRUE(WriteFileAtomically(model, "one").ok());
  const VersionSeen before = InspectVersion(1, dir.path());
  EXPECT_EQ(before.missing, "");
  EXPECT_TRUE(before.is_settled);
  EXPECT_EQ(InspectVersion(1, dir.path()), before);
  ASSERT_TRUE(WriteFileAtomically(model, "three").ok());
  EXPECT_NE(InspectVersion(1, dir.path()).fingerprint, before.fingerprint);
}

TEST(InspectVersionTest, AssetsThatChangedAMomentAgoHaveToSettle) {
  TemporaryDirectory dir;
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir.path(), "saved_model.pb"), "one").ok());
  ASSERT_TRUE(MakeDirectories(JoinPath(dir.path(), "assets")).ok());
  const VersionSeen without = InspectVersion(1, dir.path());
  EXPECT_TRUE(without.is_settled);
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir.path(), "assets/words"), "a").ok());
  const VersionSeen with = InspectVersion(1, dir.path());
  EXPECT_FALSE(with.is_settled);
  EXPECT_NE(with.fingerprint, without.fingerprint);
}

TEST(DirectoryStampTest, SaysNothingAboutADirectoryThatChangedAMomentAgo) {
  TemporaryDirectory dir;
  EXPECT_EQ(DirectoryStamp(dir.path()), std::nullopt);
  EXPECT_EQ(DirectoryStamp("/nowhere/at/all"), std::nullopt);
  EXPECT_EQ(DirectoryStamp("/usr"), DirectoryStamp("/usr"));
  EXPECT_NE(DirectoryStamp("/usr"), std::nullopt);
}

}  // namespace
}  // namespace trainyard::serving
