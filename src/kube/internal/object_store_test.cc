#include "kube/internal/object_store.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace trainyard::kube::internal {
namespace {

// A store of strings, whose changes read "key: before > after".
class ObjectStoreTest : public ::testing::Test {
 protected:
  static ObjectState State(const std::string& key, const std::string& uid, uint64_t version) {
    return {.key = key, .uid = ToCompactUid(uid), .version = version};
  }
  static Erased Value(const std::string& text) { return std::make_shared<const std::string>(text); }
  static std::string Text(const Erased& value) {
    return value == nullptr ? "-" : *static_cast<const std::string*>(value.get());
  }

  void Watch(const std::string& key, const std::string& uid, uint64_t version) {
    store_.Upsert(State(key, uid, version), false, Value(uid + std::to_string(version)), &changes_);
  }
  void Own(const std::string& key, const std::string& uid, uint64_t version) {
    store_.Upsert(State(key, uid, version), true, Value(uid + std::to_string(version)), &changes_);
  }
  void WatchDeleted(const std::string& key, const std::string& uid, uint64_t version) {
    store_.TellRemoved(State(key, uid, version), &changes_);
  }
  void Remove(const std::string& key, const std::string& uid) {
    store_.Remove(key, ToCompactUid(uid), &changes_);
  }
  void List(uint64_t version, const std::vector<ObjectState>& states) {
    store_.BeginReplace();
    for (const ObjectState& state : states) {
      store_.AddListed(state, Value(fmt::format("listed{}", state.version)));
    }
    store_.EndReplace(version, &changes_);
  }
  std::string Changes() {
    std::string text;
    for (const ObjectChange& change : changes_) {
      text += fmt::format("{}: {} > {};", change.key, Text(change.before), Text(change.after));
    }
    changes_.clear();
    return text;
  }
  std::string At(const std::string& key) { return Text(store_.Get(key)); }

  ObjectStore store_{[](const void* value) {
    return static_cast<const std::string*>(value)->substr(0, 1);  // by the letter of the uid
  }};
  ObjectChanges changes_;
};

TEST_F(ObjectStoreTest, FollowsTheWatch) {
  Watch("p", "a", 5);
  Watch("p", "a", 7);
  WatchDeleted("p", "a", 9);
  EXPECT_EQ(Changes(), "p: - > a5;p: a5 > a7;p: a7 > -;");
  EXPECT_EQ(store_.told(), 9u);
}

TEST_F(ObjectStoreTest, AnOwnWriteIsReadAtOnceAndTheWatchsNewsOfItIsNone) {
  Watch("p", "a", 5);
  Own("p", "a", 8);
  EXPECT_EQ(At("p"), "a8");
  Changes();
  Watch("p", "a", 7);  // somebody else's, before ours
  Watch("p", "a", 8);
  EXPECT_EQ(Changes(), "");
  Watch("p", "a", 9);
  EXPECT_EQ(Changes(), "p: a8 > a9;");
}

TEST_F(ObjectStoreTest, AnAnswerThatComesAfterTheObjectsEndIsDropped) {
  Watch("p", "a", 5);
  WatchDeleted("p", "a", 8);
  Own("p", "a", 7);
  EXPECT_EQ(At("p"), "-");
  store_.Bookmark(20);
  Own("q", "b", 19);  // made and deleted, all of it told
  EXPECT_EQ(At("q"), "-");
  Own("r", "c", 21);
  EXPECT_EQ(At("r"), "c21");
}

TEST_F(ObjectStoreTest, OlderAnswersDoNotUndoNewerNews) {
  Watch("p", "a", 9);
  Own("p", "a", 7);
  EXPECT_EQ(At("p"), "a9");
}

TEST_F(ObjectStoreTest, WhatWasRemovedIsNotBroughtBackByOlderEvents) {
  Watch("p", "a", 5);
  Remove("p", "a");
  EXPECT_EQ(At("p"), "-");
  Watch("p", "a", 7);  // before the end, after the last state that was known
  Own("p", "a", 8);    // an answer that was late
  EXPECT_EQ(At("p"), "-");
  WatchDeleted("p", "a", 9);
  Watch("p", "b", 10);
  EXPECT_EQ(At("p"), "b10");
}

TEST_F(ObjectStoreTest, ASuccessorIsNotMistakenForItsPredecessor) {
  Watch("p", "a", 5);
  Remove("p", "a");
  Own("p", "b", 9);
  Watch("p", "a", 7);
  WatchDeleted("p", "a", 8);
  EXPECT_EQ(At("p"), "b9");
  Remove("p", "a");  // a late answer
  EXPECT_EQ(At("p"), "b9");
  Remove("p", "b");
  Watch("p", "a", 7);  // of the one before the one before
  Watch("p", "b", 9);
  EXPECT_EQ(At("p"), "-");
}

TEST_F(ObjectStoreTest, AnEndOlderThanAnOwnWriteIsOfAnother) {
  Own("p", "b", 9);
  WatchDeleted("p", "a", 8);
  EXPECT_EQ(At("p"), "b9");
}

TEST_F(ObjectStoreTest, AListTakesThePlaceOfWhatIsOlder) {
  Watch("gone", "a", 3);
  Watch("same", "b", 4);
  Watch("changed", "c", 5);
  Own("own", "d", 30);
  Own("ahead", "e", 31);
  Changes();
  List(20, {State("same", "b", 4), State("changed", "c", 11), State("new", "f", 12),
            State("ahead", "e", 13)});
  EXPECT_EQ(At("gone"), "-");
  EXPECT_EQ(At("same"), "b4");
  EXPECT_EQ(At("changed"), "listed11");
  EXPECT_EQ(At("new"), "listed12");
  EXPECT_EQ(At("own"), "d30");
  EXPECT_EQ(At("ahead"), "e31");
  EXPECT_EQ(changes_.size(), 3u);
  EXPECT_EQ(store_.told(), 20u);
}

TEST_F(ObjectStoreTest, AListThatWasMadeBeforeARemovalDoesNotUndoIt) {
  Watch("p", "a", 5);
  Remove("p", "a");
  List(8, {State("p", "a", 7)});
  EXPECT_EQ(At("p"), "-");
  WatchDeleted("p", "a", 9);
  EXPECT_EQ(At("p"), "-");

  store_.BeginReplace();  // removed while the list is under way
  store_.AddListed(State("q", "b", 10), Value("b10"));
  Remove("q", "b");
  store_.EndReplace(12, &changes_);
  EXPECT_EQ(At("q"), "-");
}

TEST_F(ObjectStoreTest, AListThatLacksWhatWasRemovedEndsTheMemoryOfIt) {
  Watch("p", "a", 5);
  Remove("p", "a");
  List(8, {});
  Watch("p", "b", 9);
  EXPECT_EQ(At("p"), "b9");
}

TEST_F(ObjectStoreTest, AnInterruptedListLeavesNoTrace) {
  Watch("p", "a", 5);
  store_.BeginReplace();
  store_.AddListed(State("x", "b", 6), Value("b6"));
  List(8, {State("p", "a", 5)});
  EXPECT_EQ(At("x"), "-");
  EXPECT_EQ(At("p"), "a5");
}

TEST_F(ObjectStoreTest, AServerThatWentBackInTimeIsBelieved) {
  Watch("p", "a", 500);
  Watch("q", "b", 501);
  Own("r", "c", 502);
  List(100, {State("p", "a", 90), State("q", "x", 501)});
  EXPECT_EQ(At("p"), "listed90");
  EXPECT_EQ(At("q"), "listed501");
  EXPECT_EQ(At("r"), "-");
  Own("r", "d", 101);
  EXPECT_EQ(At("r"), "d101");
}

TEST_F(ObjectStoreTest, GroupsFollowTheirMembers) {
  Watch("p", "a", 1);
  Watch("q", "a", 2);
  Watch("r", "b", 3);
  EXPECT_EQ(store_.Group("a").size(), 2u);
  Watch("q", "b", 4);
  EXPECT_EQ(store_.Group("a").size(), 1u);
  EXPECT_EQ(store_.Group("b").size(), 2u);
  WatchDeleted("p", "a", 5);
  EXPECT_TRUE(store_.Group("a").empty());
  EXPECT_EQ(store_.size(), 2u);
  EXPECT_EQ(store_.All().size(), 2u);
}

TEST(CompactUidTest, TellsUidsApart) {
  const auto uuid = ToCompactUid("5f0c1d2e-3344-4556-8778-99aabbccddee");
  EXPECT_EQ(uuid.high, 0x5f0c1d2e33444556u);
  EXPECT_EQ(uuid.low, 0x877899aabbccddeeu);
  EXPECT_NE(ToCompactUid("some-uid"), ToCompactUid("some-uie"));
  EXPECT_EQ(ToCompactUid("some-uid"), ToCompactUid("some-uid"));
  EXPECT_NE(ToCompactUid(""), ToCompactUid("0"));
}

}  // namespace
}  // namespace trainyard::kube::internal
