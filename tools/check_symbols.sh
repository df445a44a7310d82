#!/bin/sh
# Fails if a program exports a symbol that TensorFlow's libraries also carry (protobuf, Abseil, gRPC,
# TLS): the dynamic linker would then mix the two copies, and the program crashes at start.
# usage: tools/check_symbols.sh PROGRAM
set -eu
leaked=$(nm -D --defined-only "$1" | grep -E 'google.*protobuf|absl|grpc|upb_|SSL_|CRYPTO_|BIO_' |
  head -5 || true)
if [ -n "$leaked" ]; then
  echo "$1 exports symbols that clash with TensorFlow's:" >&2
  echo "$leaked" >&2
  exit 1
fi
