"""Kernel arguments of many arrays, handed over as one pointer.

numba takes each array apart whenever a kernel is called, in 0.2 µs, and a search works on a hundred: a call for four
playouts spent 21 µs on that, as long as a tenth of a 9×9 evaluation. Contents that stay the same from call to call are
packed once, as the kernel would find them on its stack, and cost 1 µs then (3.6% more evaluations of self-play on 9×9):

    PACKING = Packing()
    packed = PACKING.pack((tree, store))      # Python: once, and again when one of them is another object

    @kernel
    def work(packed, start):
        tree, store = packed.content          # kernel: as if they had been arguments

This uses numba's interface for extensions (its manual, "Low-level extension API").
"""

from __future__ import annotations

import contextlib
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, intrinsic, lower_getattr, models, register_model, unbox

from ._jit import kernel


class Packed:
    """A content that is packed; kernels read its ``content``."""

    __slots__ = ("_memory", "_numba_type_", "address", "content")

    def __init__(self, content: Any, kind: PackedType | None, memory: np.ndarray) -> None:
        self.content = content  # keeps the arrays alive
        self.address = memory.ctypes.data
        self._memory = memory
        self._numba_type_ = kind


class Packing:
    """Packs contents of one kind: all should have the same numba type, or kernels are compiled for each."""

    def __init__(self) -> None:
        self._kinds: list[tuple[PackedType, int, Any]] = []
        """With the bytes that a content takes, and what writes it."""

    def pack(self, content: Any) -> Packed:
        """Pack a content."""
        if numba.config.DISABLE_JIT:
            return Packed(content, None, np.empty(0, np.uint8))
        for kind in self._kinds:
            with contextlib.suppress(TypeError):  # of another kind
                return self._packed(content, *kind)
        self._begin(content)
        return self._packed(content, *self._kinds[-1])

    def _packed(self, content: Any, kind: PackedType, size: int, write: Any) -> Packed:
        """The content, of this kind; TypeError where it is not."""
        memory = np.empty(size, np.uint8)
        write(content, memory.ctypes.data)
        return Packed(content, kind, memory)

    def _begin(self, content: Any) -> None:
        """Take the kind of a content; to find a content's type takes 0.6 ms, so that it is not looked up each time."""
        kind = numba.typeof(content)
        # With one signature and no more, numba refuses a content of another type.
        write = numba.njit([types.void(kind, types.intp)], cache=True, _nrt=False)(_write)
        self._kinds.append((PackedType(kind), packed_bytes(content), write))


class PackedType(types.Type):
    """numba's type of a `Packed`: the address of a value of type ``content``."""

    def __init__(self, content: types.Type) -> None:
        self.content = content
        super().__init__(f"Packed({content})")


register_model(PackedType)(models.OpaqueModel)


@unbox(PackedType)
def _address(_kind: PackedType, packed: Any, context: Any) -> NativeValue:
    """The address as a pointer."""
    number = context.pyapi.object_getattr_string(packed, "address")
    pointer = context.pyapi.long_as_voidptr(number)
    context.pyapi.decref(number)
    return NativeValue(pointer)


@infer_getattr
class _Attributes(AttributeTemplate):
    """``packed.content`` in a kernel."""

    key = PackedType

    def resolve_content(self, kind: PackedType) -> types.Type:
        return kind.content


@lower_getattr(PackedType, "content")
def _read(context: Any, builder: Any, kind: PackedType, pointer: Any) -> Any:
    """Load it; what the kernel does not use, the compiler leaves out."""
    return builder.load(builder.bitcast(pointer, context.get_value_type(kind.content).as_pointer()))


@intrinsic
def _store(_context: Any, content: types.Type, _address: types.Type) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = context.get_value_type(signature.args[0])
        builder.store(args[0], builder.inttoptr(args[1], kind.as_pointer()))
        return context.get_dummy_value()

    return types.void(content, types.intp), generate


@intrinsic
def _size(_context: Any, content: types.Type) -> Any:
    def generate(context: Any, _builder: Any, signature: Any, _args: Any) -> Any:
        size = context.get_abi_sizeof(context.get_value_type(signature.args[0]))
        return context.get_constant(types.intp, size)

    return types.intp(content), generate


def _write(content: Any, address: int) -> None:
    _store(content, address)


@kernel
def packed_bytes(content):
    """Bytes that a content takes."""
    return _size(content)
