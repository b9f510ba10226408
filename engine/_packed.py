"""Kernel arguments of many arrays, handed over as one pointer.

numba takes each array apart whenever a kernel is called, in 0.2 µs, and a search works on a hundred: a call for four
playouts spent 21 µs on that, as long as a tenth of a 9×9 evaluation. Contents that stay the same from call to call are
packed once, as the kernel would find them on its stack, and cost 1 µs then (3.6% more evaluations of self-play on 9×9):

    PACKING = Packing()
    packed = PACKING.pack((tree, store))      # Python: once, and again when one of them is another object

    @kernel
    def work(packed, start):
        tree, store = packed.content          # kernel: as if they had been arguments

Many contents of one kind go into one call as a `PackedRow`, of which `content_at` reads one:

    row = PackedRow([packed, other])

    @kernel
    def work_on_all(row, count):
        for index in range(count):
            tree, store = content_at(row, index)

This uses numba's interface for extensions (its manual, "Low-level extension API").
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Sequence
from typing import Any

import numba
from numba import types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, intrinsic, lower_getattr, models, register_model, unbox

from ._jit import kernel


class Packed:
    """A content that is packed; kernels read its ``content``."""

    __slots__ = ("_memory", "_numba_type_", "address", "content")

    def __init__(self, content: Any, kind: PackedType | None, memory: array[int]) -> None:
        self.content = content  # keeps the arrays alive
        self.address = memory.buffer_info()[0]
        self._memory = memory
        self._numba_type_ = kind

    @property
    def kind(self) -> PackedType | None:
        """numba's type, None where nothing is compiled."""
        return self._numba_type_


class PackedRow:
    """Several packed contents of one kind, for one call; `content_at` reads one."""

    __slots__ = ("_addresses", "_numba_type_", "address", "packed")

    def __init__(self, packed: Sequence[Packed]) -> None:
        """Put contents in a row, at least one; all from one `Packing` and of one numba type.

        Raises:
            TypeError: they are of different types.
        """
        self.packed = tuple(packed)  # keeps the contents alive
        kind = self.packed[0].kind
        if any(other.kind is not kind for other in self.packed):
            raise TypeError("a row of packed contents of different types")
        self._addresses = array("q", [other.address for other in self.packed])
        self.address = self._addresses.buffer_info()[0]
        self._numba_type_ = kind and kind.row


class Packing:
    """Packs contents of one kind: all should have the same numba type, or kernels are compiled for each."""

    def __init__(self) -> None:
        self._kinds: list[tuple[PackedType, int, Any]] = []
        """With the bytes that a content takes, and what writes it."""

    def pack(self, content: Any) -> Packed:
        """Pack a content."""
        if numba.config.DISABLE_JIT:
            return Packed(content, None, array("B"))
        for kind in self._kinds:
            with contextlib.suppress(TypeError):  # of another kind
                return self._packed(content, *kind)
        self._begin(content)
        return self._packed(content, *self._kinds[-1])

    def _packed(self, content: Any, kind: PackedType, size: int, write: Any) -> Packed:
        """The content, of this kind; TypeError where it is not."""
        packed = Packed(content, kind, array("B", bytes(size)))
        write(content, packed.address)
        return packed

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
        self.row = PackedRowType(content)
        super().__init__(f"Packed({content})")


class PackedRowType(types.Type):
    """numba's type of a `PackedRow`: the address of addresses of values of type ``content``."""

    def __init__(self, content: types.Type) -> None:
        self.content = content
        super().__init__(f"PackedRow({content})")


register_model(PackedType)(models.OpaqueModel)
register_model(PackedRowType)(models.OpaqueModel)


@unbox(PackedType)
@unbox(PackedRowType)
def _address(_kind: types.Type, packed: Any, context: Any) -> NativeValue:
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
def _compiled_content_at(_context: Any, row: PackedRowType, _index: types.Type) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = context.get_value_type(signature.return_type).as_pointer()
        addresses = builder.bitcast(args[0], pointer.as_pointer())
        return builder.load(builder.load(builder.gep(addresses, [args[1]])))

    return row.content(row, types.intp), generate


def _plain_content_at(row: PackedRow, index: int) -> Any:
    return row.packed[index].content


content_at = _plain_content_at if numba.config.DISABLE_JIT else _compiled_content_at
"""``content_at(row, index)``: one content of a `PackedRow`, in a kernel."""


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
