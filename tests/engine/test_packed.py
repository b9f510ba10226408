"""Packed arguments: kernels find what was packed, and write into the same arrays."""

import numpy as np
import pytest

from ponnuki.engine._jit import kernel
from ponnuki.engine._packed import PackedRow, Packing, content_at

pytestmark = pytest.mark.kernels


# Plain tuples: a type of this module in the index of the kernels' cache could be loaded by tests alone.
Inner = tuple[np.ndarray, float]
Outer = tuple[Inner, bool, np.ndarray]


@kernel
def use(packed, place):
    (counts, komi), flag, table = packed.content
    counts[place] += 1
    return komi + table[place, 1] if flag else -komi


@kernel
def use_all(row, place, results):
    for index in range(results.shape[0]):
        (counts, komi), flag, table = content_at(row, index)
        counts[place] += 1
        results[index] = komi + table[place, 1] if flag else -komi


def outer(komi: float, flag: bool = True) -> Outer:
    return (np.zeros(4, np.int32), komi), flag, np.arange(8.0).reshape(4, 2)


def test_a_kernel_finds_what_was_packed_and_writes_into_it() -> None:
    packing = Packing()
    first, second = outer(6.5), outer(7.5, flag=False)
    packed = [packing.pack(first), packing.pack(second)]
    assert use(packed[0], 2) == 6.5 + 5.0
    assert use(packed[1], 3) == -7.5
    assert first[0][0].tolist() == [0, 0, 1, 0]
    assert second[0][0].tolist() == [0, 0, 0, 1]
    assert packed[0].content is first


def test_what_is_packed_stays_when_its_names_go() -> None:
    packing = Packing()
    packed = packing.pack(outer(0.5))
    others = [packing.pack(outer(float(komi))) for komi in range(50)]
    assert use(packed, 1) == 0.5 + 3.0
    assert [use(other, 0) for other in others] == [komi + 1.0 for komi in range(50)]


def test_a_content_of_another_type_is_packed_as_such() -> None:
    packing = Packing()
    wide = (np.zeros(4, np.int64), 1.0), True, np.arange(8, dtype=np.float32).reshape(4, 2)
    packed = packing.pack(outer(6.5)), packing.pack(wide), packing.pack(outer(7.5))
    assert [use(each, 1) for each in packed] == [9.5, 4.0, 10.5]
    assert wide[0][0][1] == 1


def test_a_row_of_contents_goes_into_one_call() -> None:
    packing = Packing()
    contents = [outer(float(komi), flag=komi != 1) for komi in range(3)]
    row, results = PackedRow([packing.pack(content) for content in contents]), np.zeros(3)
    use_all(row, 2, results)
    assert results.tolist() == [0 + 5.0, -1.0, 2 + 5.0]
    assert [content[0][0].tolist() for content in contents] == [[0, 0, 1, 0]] * 3


def test_a_row_is_of_one_kind() -> None:
    packing = Packing()
    wide = (np.zeros(4, np.int64), 1.0), True, np.arange(8, dtype=np.float32).reshape(4, 2)
    if packing.pack(wide).kind is None:
        pytest.skip("nothing is compiled, and a row may be of any kinds")
    with pytest.raises(TypeError, match="different types"):
        PackedRow([packing.pack(outer(6.5)), packing.pack(wide)])
