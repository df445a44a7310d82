"""The sorted tables that checkpoints keep their index in (LevelDB's format): here only what it takes to
write one again with its blocks compressed, as TensorFlow's older versions did.

A file is blocks, each followed by one byte that says how it is compressed and a masked CRC-32C, then
48 bytes: where the meta index and the index are, and a magic number.
"""

import struct

MAGIC = 0xDB4775248B80FB57
SNAPPY = 1


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(crc):
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


def snappy_literal(data):
    """Snappy's format, saying everything literally."""
    assert 60 < len(data) <= 0x10000
    return varint(len(data)) + b"\xf4" + struct.pack("<H", len(data) - 1) + data


def index_entries(block):
    """(key, offset, size) of each data block. In an index no key shares its beginning with another."""
    (restarts,) = struct.unpack("<I", block[-4:])
    at, end, entries = 0, len(block) - 4 - 4 * restarts, []
    while at < end:
        shared, at = read_varint(block, at)
        key_size, at = read_varint(block, at)
        value_size, at = read_varint(block, at)
        assert shared == 0
        key, value = block[at : at + key_size], block[at + key_size : at + key_size + value_size]
        offset, after = read_varint(value, 0)
        entries.append((key, offset, read_varint(value, after)[0]))
        at += key_size + value_size
    return entries


def compressed(table):
    """The same table, its data blocks compressed by Snappy."""
    assert struct.unpack("<Q", table[-8:])[0] == MAGIC
    footer = table[-48:]
    meta_offset, at = read_varint(footer, 0)
    meta_size, at = read_varint(footer, at)
    index_offset, at = read_varint(footer, at)
    index_size, at = read_varint(footer, at)
    out = bytearray()

    def append(block, kind):
        handle = varint(len(out)) + varint(len(block))
        out.extend(block + bytes([kind]))
        out.extend(struct.pack("<I", masked(crc32c(block + bytes([kind])))))
        return handle

    index, restarts = bytearray(), []
    for key, offset, size in index_entries(table[index_offset : index_offset + index_size]):
        assert table[offset + size] == 0, "compressed already"
        value = append(snappy_literal(table[offset : offset + size]), SNAPPY)
        restarts.append(len(index))
        index += varint(0) + varint(len(key)) + varint(len(value)) + key + value
    index += b"".join(struct.pack("<I", at) for at in [*restarts, len(restarts)])
    meta_handle = append(table[meta_offset : meta_offset + meta_size], 0)
    handles = meta_handle + append(bytes(index), 0)
    return bytes(out) + handles.ljust(40, b"\0") + struct.pack("<Q", MAGIC)
