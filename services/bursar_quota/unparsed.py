"""Messages read with some of their fields as bytes: what comes again and again is parsed once.

A message inside another and a packed list are bytes with a length, in protobuf, as bytes are. So a
class that names them so reads and writes the same wire; it is made from the contract itself.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.message import Message

# Any: a class that is made here has no static type; its fields are those that were named.
Unparsed: TypeAlias = Any


def unparsed(whole: type[Message], known: set[str], as_bytes: set[str]) -> Unparsed:
    """A message class that knows the fields `known` and `as_bytes` of `whole`, the latter as bytes.

    Of a field that comes twice it has the last: what protobuf would merge must come whole.
    """
    descriptor = whole.DESCRIPTOR
    file = FileDescriptorProto(
        name=f"unparsed/{descriptor.full_name}.proto",
        package=f"unparsed.{descriptor.file.package}",
        syntax="proto3",
        dependency=[file.name for file in descriptor.file.dependencies],
    )
    message = file.message_type.add()
    descriptor.CopyToProto(message)
    _keep(message, known, as_bytes)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    name = f"{file.package}.{descriptor.name}"
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def _keep(message: DescriptorProto, known: set[str], as_bytes: set[str]) -> None:
    kept = [field for field in message.field if field.name in known | as_bytes]
    assert len(kept) == len(known | as_bytes), "a name that the contract does not have"
    for field in kept:
        if field.name in as_bytes:
            field.type = FieldDescriptorProto.TYPE_BYTES
            field.label = FieldDescriptorProto.LABEL_OPTIONAL
            field.ClearField("type_name")
    for part in ("field", "oneof_decl", "reserved_range"):
        message.ClearField(part)
    message.field.extend(kept)
