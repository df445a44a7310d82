// Runs a model graph in this process, variables initialised, for tests.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <vector>

#include "tf/ops.h"
#include "tf/session.h"
#include "train/model_builder.h"

namespace trainyard::train {

// Construct when the graph is complete. Failures end the test program: there is nothing to test.
class ModelRunner {
 public:
  explicit ModelRunner(const ModelBuilder& model) : session_(MakeSession(model.graph())) {
    std::vector<tf::Operation> all;  // in one run: parts of a variable share their first value
    for (const Variable& variable : model.variables()) all.push_back(variable.initialize);
    CheckOk(session_->Run({}, {}, all).status());
  }

  void Run(tf::Operation op, std::initializer_list<tf::Feed> feeds = {}) {
    const auto done = session_->Run(feeds, {}, {op});
    EXPECT_TRUE(done.ok()) << done.status();
  }
  tf::Tensor Fetch(const tf::Output& output, std::initializer_list<tf::Feed> feeds = {}) {
    auto values = session_->Run(feeds, {output}, {});
    CheckOk(values.status());
    return std::move((*values)[0]);
  }
  std::vector<float> Floats(const tf::Output& output, std::initializer_list<tf::Feed> feeds = {}) {
    const tf::Tensor tensor = Fetch(output, feeds);
    const std::span<const float> values = tensor.data<float>();
    return {values.begin(), values.end()};
  }
  float Float(const tf::Output& output, std::initializer_list<tf::Feed> feeds = {}) {
    return Floats(output, feeds).at(0);
  }

  tf::Session* session() { return session_.get(); }

 private:
  static void CheckOk(const Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    CHECK(status.ok());
  }
  static std::unique_ptr<tf::Session> MakeSession(const tf::Graph& graph) {
    CheckOk(graph.status());
    auto session = tf::Session::Create(graph, {});
    CheckOk(session.status());
    return std::move(session).value();
  }

  std::unique_ptr<tf::Session> session_;
};

inline tf::Output FloatsConst(const ModelBuilder& model, const tf::Shape& shape,
                              const std::vector<float>& values) {
  return tf::Const(model.scope(), tf::Tensor::FromValues<float>(shape, values));
}

}  // namespace trainyard::train
