#!/bin/sh
# Fails if a program shares a symbol with TensorFlow's libraries that must be each one's own (protobuf,
# Abseil, gRPC, TLS): one it exports, which they would then use, or one it expects from them, which
# happens where the static libraries stand too late on the link line. Either way the dynamic linker
# mixes two versions, and the program crashes at start or later.
# usage: tools/check_symbols.sh PROGRAM
set -eu
leaked=$(nm -D --defined-only "$1" | grep -E 'google.*protobuf|absl|grpc|upb_|SSL_|CRYPTO_|BIO_' |
  head -5 || true)
if [ -n "$leaked" ]; then
  echo "$1 exports symbols that clash with TensorFlow's:" >&2
  echo "$leaked" >&2
  exit 1
fi
borrowed=$(nm -D --undefined-only "$1" | grep -E '^ +U .*(google.*protobuf|absl|grpc_|upb_)' |
  head -5 || true)
if [ -n "$borrowed" ]; then
  echo "$1 takes symbols from TensorFlow's libraries that must be its own:" >&2
  echo "$borrowed" >&2
  exit 1
fi
