// The gRPC front end: addresses, TLS and limits of the gRPC server, and its services.
//
// Owned by the Server. Requests are answered by threads of its own from Create() on. Thread-safe
// but for Stop(), which is for one thread.
//
//   ASSIGN_OR_RETURN(auto grpc, GrpcFrontEnd::Create({.port = 0}, services));
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/status.h"
#include "serving/frontends/grpc/services.h"

namespace trainyard::serving {

enum class GrpcCompression { kNone, kDeflate, kGzip };

struct GrpcOptions {
  std::string host = "127.0.0.1";
  int port = 8500;                // 0: any free one; with a socket_path: none
  std::string socket_path;        // a unix socket, for this user alone; "": none
  std::string channel_arguments;  // "name=value,name=value"
  int max_threads = 0;            // answering what takes long; 0: as many as there are requests
  GrpcCompression compression = GrpcCompression::kNone;  // of answers, if the client can take it
  int64_t max_request_bytes = 0;                         // of one message; 0: 2 GB
  std::string ssl_config_file;  // TensorFlow Serving's SSLConfig as text; "": no TLS
  // Our own way to TLS: files of PEM text, read again some seconds after they change. The first
  // two belong together; the third makes clients show a certificate.
  std::string tls_cert_file;
  std::string tls_key_file;
  std::string tls_client_ca_file;
};

class GrpcFrontEnd {
 public:
  // What `services` points to must outlive the front end. Unavailable, with the reason, if an
  // address cannot be had; InvalidArgument for settings that do not fit together.
  static Result<std::unique_ptr<GrpcFrontEnd>> Create(const GrpcOptions& options,
                                                      const ServiceContext& services);
  ~GrpcFrontEnd();  // stops without waiting for requests

  int port() const;             // 0: there is none
  std::string address() const;  // for people: "127.0.0.1:8500", "unix:/run/serve.sock"

  // Health says NOT_SERVING from now on.
  void AnnounceStop();

  // Ends the streams, waits for requests at most until `deadline`, cancels the others and closes
  // the connections.
  void Stop(std::chrono::system_clock::time_point deadline);

 private:
  struct Parts;
  explicit GrpcFrontEnd(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace trainyard::serving
