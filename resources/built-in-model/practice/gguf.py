"""Reading and writing GGUF files: the container, F32, F16 and Q8_0 only."""
import struct

import numpy

MAGIC, VERSION, ALIGNMENT = 0x46554747, 3, 32
F32, F16, Q8_0 = 0, 1, 8
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_NUMBERS = {"u32": 4, "i32": 5, "f32": 6, "bool": 7, "str": 8}


def quantise_q8_0(values):
    """Blocks of 32 along the last dimension: an f16 scale and 32 signed bytes."""
    blocks = numpy.ascontiguousarray(values, dtype=numpy.float32).reshape(-1, 32)
    scale = numpy.abs(blocks).max(1) / numpy.float32(127)
    inverse = numpy.where(scale > 0, 1 / numpy.where(scale > 0, scale, 1), 0).astype(numpy.float32)
    scaled = blocks * inverse[:, None]
    codes = (numpy.sign(scaled) * numpy.floor(numpy.abs(scaled) + 0.5)).astype(numpy.int8)
    packed = numpy.empty((len(blocks), 34), dtype=numpy.uint8)
    packed[:, :2] = scale.astype(numpy.float16)[:, None].view(numpy.uint8)
    packed[:, 2:] = codes.view(numpy.uint8)
    return packed.tobytes()


def dequantise_q8_0(data, count):
    packed = numpy.frombuffer(data, dtype=numpy.uint8, count=count // 32 * 34).reshape(-1, 34)
    scale = packed[:, :2].copy().view(numpy.float16).astype(numpy.float32)
    return (packed[:, 2:].copy().view(numpy.int8).astype(numpy.float32) * scale).reshape(-1)


class Reader:
    """A whole file in memory: metadata in `fields`, tensors by name."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self._data = file.read()
        self._at = 0
        if self._number("I") != MAGIC or self._number("I") != VERSION:
            raise ValueError("not a GGUF file of version 3: " + path)
        tensor_count, field_count = self._number("q"), self._number("q")
        self.fields = {}
        for _ in range(field_count):
            key = self._string()
            self.fields[key] = self._value(self._number("i"))
        self._tensors = {}
        for _ in range(tensor_count):
            name = self._string()
            extents = [self._number("q") for _ in range(self._number("I"))]
            self._tensors[name] = extents, self._number("i"), self._number("Q")
        self._base = -(-self._at // ALIGNMENT) * ALIGNMENT

    def _number(self, code):
        value, = struct.unpack_from("<" + code, self._data, self._at)
        self._at += struct.calcsize("<" + code)
        return value

    def _string(self):
        length = self._number("Q")
        text = self._data[self._at:self._at + length].decode("utf-8")
        self._at += length
        return text

    def _value(self, kind):
        if kind == 8:
            return self._string()
        if kind == 9:
            element, count = self._number("i"), self._number("Q")
            return [self._value(element) for _ in range(count)]
        return self._number(_SCALARS[kind])

    def names(self):
        return list(self._tensors)

    def tensor(self, name):
        """The tensor as float32, outer dimension first."""
        extents, kind, offset = self._tensors[name]
        count = int(numpy.prod(extents))
        start = self._base + offset
        if kind == Q8_0:
            values = dequantise_q8_0(self._data[start:start + count // 32 * 34], count)
        else:
            values = numpy.frombuffer(self._data, dtype=numpy.float32 if kind == F32 else numpy.float16,
                                      count=count, offset=start).astype(numpy.float32)
        return values.reshape(extents[::-1])


class Writer:
    def __init__(self):
        self._fields, self._tensors = [], []

    def add(self, key, kind, value):
        """kind: u32, i32, f32, bool or str; a list value becomes an array."""
        code = _NUMBERS[kind]

        def one(item):
            if kind == "str":
                raw = item.encode("utf-8")
                return struct.pack("<Q", len(raw)) + raw
            return struct.pack("<" + _SCALARS[code], item)

        name = key.encode("utf-8")
        head = struct.pack("<Q", len(name)) + name
        if isinstance(value, list):
            body = struct.pack("<iiQ", 9, code, len(value)) + b"".join(one(item) for item in value)
        else:
            body = struct.pack("<i", code) + one(value)
        self._fields.append(head + body)

    def tensor(self, name, values, kind):
        values = numpy.ascontiguousarray(values, dtype=numpy.float32)
        if kind == Q8_0:
            data = quantise_q8_0(values)
        else:
            data = values.astype(numpy.float32 if kind == F32 else numpy.float16).tobytes()
        self._tensors.append((name, values.shape[::-1], kind, data))

    def write(self, path):
        header = struct.pack("<IIqq", MAGIC, VERSION, len(self._tensors), len(self._fields))
        header += b"".join(self._fields)
        offset, body = 0, []
        for name, extents, kind, data in self._tensors:
            raw = name.encode("utf-8")
            header += struct.pack("<Q", len(raw)) + raw + struct.pack("<I", len(extents))
            header += b"".join(struct.pack("<q", extent) for extent in extents)
            header += struct.pack("<iQ", kind, offset)
            padding = -len(data) % ALIGNMENT
            body.append(data + bytes(padding))
            offset += len(data) + padding
        with open(path, "wb") as file:
            file.write(header + bytes(-len(header) % ALIGNMENT))
            for data in body:
                file.write(data)
