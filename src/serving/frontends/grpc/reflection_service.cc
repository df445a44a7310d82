#include <grpcpp/server_context.h>

#include <mutex>
#include <set>
#include <utility>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "serving/access/token_check.h"
#include "serving/frontends/grpc/call.h"
#include "serving/frontends/grpc/reflection.h"
#include "serving/frontends/grpc/status.h"
#include "serving/frontends/grpc/stream_service.h"

namespace trainyard::serving {
namespace {

constexpr size_t kMaxStreams = 100;

// The two packages have the same messages under two names.
struct V1 {
  using Service = ::grpc::reflection::v1::ServerReflection::CallbackService;
  using Request = ::grpc::reflection::v1::ServerReflectionRequest;
  using Response = ::grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = ::grpc::reflection::v1alpha::ServerReflection::CallbackService;
  using Request = ::grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = ::grpc::reflection::v1alpha::ServerReflectionResponse;
};

template <class Response>
void FillError(const Status& status, Response* response) {
  response->mutable_error_response()->set_error_code(static_cast<int>(status.code()));
  response->mutable_error_response()->set_error_message(status.message());
}

template <class Response>
void FillFiles(const Result<std::vector<std::string>>& files, Response* response) {
  if (!files.ok()) return FillError(files.status(), response);
  for (const std::string& file : *files) {
    response->mutable_file_descriptor_response()->add_file_descriptor_proto(file);
  }
}

template <class Api>
void Answer(const typename Api::Request& request, const std::vector<std::string>& services,
            typename Api::Response* response) {
  using Request = typename Api::Request;
  response->set_valid_host(request.host());
  *response->mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      return FillFiles(DescribeFile(request.file_by_filename()), response);
    case Request::kFileContainingSymbol:
      return FillFiles(DescribeSymbol(request.file_containing_symbol()), response);
    case Request::kFileContainingExtension:
      return FillFiles(DescribeExtension(request.file_containing_extension().containing_type(),
                                         request.file_containing_extension().extension_number()),
                       response);
    case Request::kAllExtensionNumbersOfType: {
      const auto numbers = ExtensionNumbers(request.all_extension_numbers_of_type());
      if (!numbers.ok()) return FillError(numbers.status(), response);
      auto* answer = response->mutable_all_extension_numbers_response();
      answer->set_base_type_name(request.all_extension_numbers_of_type());
      answer->mutable_extension_number()->Add(numbers->begin(), numbers->end());
      return;
    }
    case Request::kListServices:
      for (const std::string& name : services) {
        response->mutable_list_services_response()->add_service()->set_name(name);
      }
      return;
    case Request::MESSAGE_REQUEST_NOT_SET:
      break;
  }
  FillError(InvalidArgumentError("the request asks for nothing"), response);
}

template <class Api>
class ReflectionService final : public StreamService, public Api::Service {
 public:
  ReflectionService(std::vector<std::string> services, const TokenCheck* tokens)
      : services_(std::move(services)), tokens_(*tokens) {}

  grpc::Service* service() override { return this; }

  void EndStreams() override {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (Stream* stream : streams_) stream->End(Stopping());
  }

  grpc::ServerBidiReactor<typename Api::Request, typename Api::Response>* ServerReflectionInfo(
      grpc::CallbackServerContext* context) override {
    const Status refusal = tokens_.Check(AuthorizationOf(*context));
    const std::lock_guard lock(mutex_);
    auto* stream = new Stream(this);  // deletes itself: OnDone
    streams_.insert(stream);
    if (closed_) {
      stream->End(Stopping());
    } else if (!refusal.ok()) {
      stream->End(ToGrpcStatus(refusal));
    } else if (streams_.size() > kMaxStreams) {
      stream->End(
          ToGrpcStatus(ResourceExhaustedError("{} clients use reflection already", kMaxStreams)));
    } else {
      stream->Read();
    }
    return stream;
  }

 private:
  // One open call. Functions other than the reactions are called with the service's lock held.
  class Stream final
      : public grpc::ServerBidiReactor<typename Api::Request, typename Api::Response> {
   public:
    explicit Stream(ReflectionService* service) : service_(*service) {}

    void Read() { this->StartRead(&request_); }
    void End(const grpc::Status& status) {
      if (!std::exchange(ended_, true)) this->Finish(status);
    }

    void OnReadDone(bool ok) override {
      const std::lock_guard lock(service_.mutex_);
      if (ended_) return;
      if (!ok) return End(grpc::Status::OK);  // the client has no more questions
      response_.Clear();
      Answer<Api>(request_, service_.services_, &response_);
      this->StartWrite(&response_);
    }
    void OnWriteDone(bool ok) override {
      const std::lock_guard lock(service_.mutex_);
      if (ended_) return;
      if (!ok) return End(grpc::Status::CANCELLED);
      Read();
    }
    void OnCancel() override {
      const std::lock_guard lock(service_.mutex_);
      End(grpc::Status::CANCELLED);
    }
    void OnDone() override {
      {
        const std::lock_guard lock(service_.mutex_);
        service_.streams_.erase(this);
      }
      delete this;
    }

   private:
    ReflectionService& service_;
    typename Api::Request request_;
    typename Api::Response response_;
    bool ended_ = false;
  };

  static grpc::Status Stopping() {
    return ToGrpcStatus(UnavailableError("the server is stopping"));
  }

  const std::vector<std::string> services_;
  const TokenCheck& tokens_;

  std::mutex mutex_;
  std::set<Stream*> streams_;  // guarded by mutex_
  bool closed_ = false;        // guarded by mutex_
};

}  // namespace

std::vector<std::unique_ptr<StreamService>> MakeReflectionServices(
    const std::vector<std::string>& services, const TokenCheck* tokens) {
  std::vector<std::unique_ptr<StreamService>> made;
  made.push_back(std::make_unique<ReflectionService<V1>>(services, tokens));
  made.push_back(std::make_unique<ReflectionService<V1Alpha>>(services, tokens));
  return made;
}

}  // namespace trainyard::serving
