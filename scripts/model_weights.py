"""pytorch_model.bin → model.safetensors, with nothing but Python's own library.

A pytorch_model.bin is a pickle, which may run any code when it is loaded the usual way. This reader knows tensors and
dictionaries alone and refuses everything else.
"""

import collections
import io
import json
import pathlib
import pickle
import struct
import zipfile

# torch's storage classes: the name in safetensors and bytes an element.
STORAGES = {
    "DoubleStorage": ("F64", 8), "FloatStorage": ("F32", 4), "HalfStorage": ("F16", 2), "BFloat16Storage": ("BF16", 2),
    "LongStorage": ("I64", 8), "IntStorage": ("I32", 4), "ShortStorage": ("I16", 2), "CharStorage": ("I8", 1),
    "ByteStorage": ("U8", 1), "BoolStorage": ("BOOL", 1),
}  # fmt: skip
# What torch wrote first in a file before version 1.6.
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


class Unreadable(Exception):
    """The file is not what it should be."""


class Storage:
    """The elements of one or more tensors."""

    def __init__(self, kind: str, data: bytes = b""):
        self.kind, self.data = kind, data


class Tensor:
    """A view on a storage, in elements."""

    def __init__(self, storage, offset, shape, strides):
        self.storage, self.offset, self.shape, self.strides = storage, offset, tuple(shape), tuple(strides)

    def bytes(self) -> bytes:
        """The elements row by row."""
        size = STORAGES[self.storage.kind][1]
        count = 1
        for length in self.shape:
            count *= length
        usual, step = [], 1
        for length in reversed(self.shape):
            usual.insert(0, step)
            step *= length
        if all(length == 1 or stride == own for length, stride, own in zip(self.shape, self.strides, usual)):
            found = self.storage.data[self.offset * size : (self.offset + count) * size]
        else:
            places = [self.offset]
            for length, stride in zip(self.shape, self.strides):
                places = [place + at * stride for place in places for at in range(length)]
            found = b"".join(self.storage.data[place * size : (place + 1) * size] for place in places)
        if len(found) != count * size:
            raise Unreadable("a tensor reaches beyond its data")
        return found


class Reader(pickle.Unpickler):
    """Knows tensors and dictionaries, and runs nothing."""

    def __init__(self, file, load):
        super().__init__(file)
        self.persistent_load = load

    def find_class(self, module, name):
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, strides, *rest: Tensor(storage, offset, shape, strides),
            ("torch._utils", "_rebuild_parameter"): lambda data, *rest: data,
        }
        if (module, name) in known:
            return known[module, name]
        if module == "torch" and name in STORAGES:
            return name
        raise Unreadable(f"it asks for {module}.{name}, which no table of weights needs")


def read(path: pathlib.Path) -> dict:
    """The tensors of a file that torch.save wrote, by name."""
    try:
        weights = from_zip(path) if zipfile.is_zipfile(path) else from_legacy(path)
    except (pickle.UnpicklingError, KeyError, EOFError, IndexError, ValueError, TypeError, struct.error) as error:
        raise Unreadable(f"{path.name}: {error}") from error
    weights = weights.get("state_dict", weights) if isinstance(weights, dict) else None
    if not weights or not all(isinstance(name, str) and isinstance(one, Tensor) for name, one in weights.items()):
        raise Unreadable(f"{path.name} holds no table of weights")
    return weights


def from_zip(path):
    with zipfile.ZipFile(path) as archive:
        (index,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        top = index.removesuffix("data.pkl")
        if f"{top}byteorder" in archive.namelist() and archive.read(f"{top}byteorder") != b"little":
            raise Unreadable("its bytes are in big-endian order")
        storages = {}

        def load(reference):
            _, kind, key, *_ = reference
            if key not in storages:
                storages[key] = Storage(kind, archive.read(f"{top}data/{key}"))
            return storages[key]

        return Reader(io.BytesIO(archive.read(index)), load).load()


def from_legacy(path):
    storages = {}

    def load(reference):
        _, kind, key, *_ = reference
        return storages.setdefault(key, Storage(kind))

    with path.open("rb") as file:
        if Reader(file, load).load() != LEGACY_MAGIC:
            raise Unreadable(f"{path.name} is no file of torch's")
        Reader(file, load).load()
        if not Reader(file, load).load().get("little_endian", True):
            raise Unreadable("its bytes are in big-endian order")
        weights = Reader(file, load).load()
        for key in Reader(file, load).load():
            (count,) = struct.unpack("<q", file.read(8))
            storages[key].data = file.read(count * STORAGES[storages[key].kind][1])
    return weights


def usual(name: str) -> str:
    """Today's name of a weight: checkpoints that TensorFlow's were made into say gamma and beta."""
    if name.endswith("LayerNorm.gamma"):
        return name.removesuffix("gamma") + "weight"
    if name.endswith("LayerNorm.beta"):
        return name.removesuffix("beta") + "bias"
    return name


def write(path: pathlib.Path, weights: dict) -> None:
    """Writes the tensors as safetensors, whole or not at all."""
    header, offset, names = {"__metadata__": {"format": "pt"}}, 0, sorted(weights)
    for name in names:
        kind, size = STORAGES[weights[name].storage.kind]
        length = size
        for one in weights[name].shape:
            length *= one
        header[usual(name)] = {"dtype": kind, "shape": list(weights[name].shape), "data_offsets": [offset, offset + length]}
        offset += length
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for name in names:
            file.write(weights[name].bytes())
    part.rename(path)


def convert(source: pathlib.Path, target: pathlib.Path) -> None:
    """Reads a pytorch_model.bin and writes a model.safetensors."""
    write(target, read(source))
