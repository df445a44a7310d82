"""Our own .proto files beside those that the peers' packages from PyPI carry: every message, field
and enum value that we list has their name, number and type."""

import pathlib
import subprocess
import tempfile

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

# The peers' descriptors are registered by these imports.
import tensorflow as tf  # noqa: F401
from tensorflow_serving.apis import prediction_log_pb2  # noqa: F401
from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2  # noqa: F401
from tensorflow_serving.config import model_server_config_pb2  # noqa: F401

PROTO = pathlib.Path(__file__).parents[2] / "proto"

Field = descriptor_pb2.FieldDescriptorProto
# Kept as bytes by us: the same on the wire.
AS_BYTES = {"tensorflow.serving.ExampleList.examples",
            "tensorflow.serving.ExampleListWithContext.examples",
            "tensorflow.serving.ExampleListWithContext.context"}
# In no package from PyPI that we install.
NOT_PUBLISHED = {"tensorflow/serving/server_config.proto", "grpc/health/v1/health.proto",
                 "grpc/reflection/v1/reflection.proto", "grpc/reflection/v1alpha/reflection.proto"}


def ours():
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    with tempfile.NamedTemporaryFile() as output:
        subprocess.run(
            ["protoc", f"-I{PROTO}", f"--descriptor_set_out={output.name}", *files], check=True
        )
        return descriptor_pb2.FileDescriptorSet.FromString(output.read()).file


def messages(prefix, declared):
    for message in declared:
        name = f"{prefix}.{message.name}"
        yield name, message
        yield from messages(name, message.nested_type)


FILES = [file for file in ours() if file.name not in NOT_PUBLISHED]
MESSAGES = [found for file in FILES for found in messages(file.package, file.message_type)]


@pytest.mark.parametrize("name,message", MESSAGES, ids=[name for name, _ in MESSAGES])
def test_fields_are_the_published_ones(name, message):
    published = descriptor_pool.Default().FindMessageTypeByName(name)
    for field in message.field:
        theirs = published.fields_by_name[field.name]
        assert field.number == theirs.number
        assert (field.label == Field.LABEL_REPEATED) == theirs.is_repeated
        if f"{name}.{field.name}" in AS_BYTES:
            assert (field.type, theirs.type) == (Field.TYPE_BYTES, Field.TYPE_MESSAGE)
            continue
        assert field.type == theirs.type
        if field.type == Field.TYPE_MESSAGE:
            assert field.type_name == f".{theirs.message_type.full_name}"


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_enum_values_and_methods_are_the_published_ones(file):
    pool = descriptor_pool.Default()
    for enum in file.enum_type:
        published = pool.FindEnumTypeByName(f"{file.package}.{enum.name}")
        assert {value.name: value.number for value in enum.value}.items() <= {
            name: value.number for name, value in published.values_by_name.items()
        }.items()
    for service in file.service:
        published = pool.FindServiceByName(f"{file.package}.{service.name}")
        assert {method.name for method in service.method} == set(published.methods_by_name)
        for method in service.method:
            theirs = published.methods_by_name[method.name]
            assert method.input_type == f".{theirs.input_type.full_name}"
            assert method.output_type == f".{theirs.output_type.full_name}"
