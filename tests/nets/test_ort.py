"""The onnxruntime evaluator: behind the search's seam, and one line for each file that it refuses."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="a net to evaluate is made with torch (the extra `train`)")
onnx = pytest.importorskip("onnx", reason="a net to evaluate is made with onnx (the extra `train`)")
pytest.importorskip("onnxscript", reason="a net to evaluate is made with onnxscript (the extra `train`)")

from ponnuki.engine.errors import ConfigError, PonnukiError, WeightsError  # noqa: E402
from ponnuki.engine.evaluator import NET_INPUTS, LeafBatch  # noqa: E402
from ponnuki.nets.config import BlockConfig  # noqa: E402
from ponnuki.nets.export import export_onnx  # noqa: E402
from ponnuki.nets.ort import OnnxEvaluator  # noqa: E402
from tests.nets.small import random_inputs, small_config, small_net  # noqa: E402


@pytest.fixture(scope="module")
def net_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ort") / "small.onnx"
    export_onnx(small_net(small_config((BlockConfig("fused", 16, 1.5),))), path, sizes=[9, 13], training={})
    return path


def with_metadata(source: Path, target: Path, **changes: str | None) -> Path:
    """A copy of a net's file with changed metadata; None takes a key away."""
    model = onnx.load(source)
    props = {prop.key: prop.value for prop in model.metadata_props} | changes
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {key: value for key, value in props.items() if value is not None})
    onnx.save(model, target)
    return target


def leaf_batch(rows: int, size: int = 9) -> LeafBatch:
    batch = LeafBatch(size, 8, NET_INPUTS)
    batch.arrays.planes[:rows], batch.arrays.globals[:rows] = random_inputs(rows, size)
    batch.count = rows
    return batch


def test_it_answers_for_the_filled_rows(net_file: Path) -> None:
    evaluator = OnnxEvaluator(net_file)
    assert evaluator.inputs == NET_INPUTS
    assert (evaluator.outputs.lead, evaluator.outputs.ownership, evaluator.outputs.sizes) == (True, True, (9, 13))
    batch = leaf_batch(3)
    answer = evaluator.evaluate(batch)
    assert answer.policy.shape == (3, 82)
    assert answer.value_to_play.shape == (3,)
    assert answer.ownership_to_play is not None
    assert answer.ownership_to_play.shape == (3, 9, 9)
    batch.arrays.planes[3:] = 7
    np.testing.assert_array_equal(evaluator.evaluate(batch).policy, answer.policy)


@pytest.mark.parametrize(("sizes", "heads", "elsewhere"), [
    ([9, 13], "pooled", True),
    ([9], "pooled", False),  # it has never seen that boards differ
    ([9, 13], "dense", False),  # it has no weights for other points
])
def test_who_plays_on_other_sizes(tmp_path: Path, sizes: list[int], heads: str, elsewhere: bool) -> None:
    path = tmp_path / "small.onnx"
    export_onnx(small_net(small_config((BlockConfig("fused", 16, 1.5),), heads=heads)), path, sizes=sizes, training={})
    outputs = OnnxEvaluator(path).outputs
    assert all(outputs.plays(size) for size in sizes)
    assert [outputs.plays(size) for size in (5, 11, 25)] == [elsewhere] * 3


def test_a_file_that_does_not_tell_its_heads_plays_its_sizes_alone(net_file: Path, tmp_path: Path) -> None:
    for changes in ({"config": None}, {"config": "none"}, {"config": "[]"}):
        outputs = OnnxEvaluator(with_metadata(net_file, tmp_path / "other.onnx", **changes)).outputs
        assert (outputs.plays(9), outputs.plays(11)) == (True, False)


def test_threads_may_share_it(net_file: Path) -> None:
    evaluator = OnnxEvaluator(net_file, threads=2)
    batches = [leaf_batch(1 + index % 5, size=7 + 2 * (index % 4)) for index in range(24)]
    expected = [evaluator.evaluate(batch).policy for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        for answer, policy in zip(pool.map(evaluator.evaluate, batches), expected, strict=True):
            np.testing.assert_allclose(answer.policy, policy, atol=1e-6)


def test_each_thread_works_in_a_session_of_its_own(net_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[SlowSession] = []

    def open_session(*args: Any, **options: Any) -> SlowSession:
        opened.append(SlowSession(real(*args, **options)))
        return opened[-1]

    real = onnxruntime.InferenceSession
    monkeypatch.setattr(onnxruntime, "InferenceSession", open_session)
    evaluator = OnnxEvaluator(net_file)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(evaluator.evaluate, [leaf_batch(1) for _ in range(12)]))
    assert 2 <= len(opened) <= 3
    assert max(session.most_at_once for session in opened) == 1


class SlowSession:
    """A session that takes its time and counts who is in it."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._inside = 0
        self.most_at_once = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def run(self, *args: Any) -> Any:
        self._inside += 1
        self.most_at_once = max(self.most_at_once, self._inside)
        time.sleep(0.05)
        try:
            return self._session.run(*args)
        finally:
            self._inside -= 1


def refusal(error: type[PonnukiError], path: Path, **options: object) -> str:
    with pytest.raises(error) as caught:
        OnnxEvaluator(path, **options)  # type: ignore[arg-type]
    text = str(caught.value)
    assert "\n" not in text
    assert error is ConfigError or path.name in text
    return text


def test_a_missing_file(tmp_path: Path) -> None:
    assert "No such file" in refusal(WeightsError, tmp_path / "none.onnx")


@pytest.mark.parametrize("keep", [0, 10, 500, -1])
def test_a_damaged_file(net_file: Path, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes(net_file.read_bytes()[:keep])
    refusal(WeightsError, path)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_text("(;GM[1]FF[4])")
    assert "damaged, or not an ONNX file" in refusal(WeightsError, path)


def test_a_foreign_net(net_file: Path, tmp_path: Path) -> None:
    assert "not a ponnuki net" in refusal(WeightsError, with_metadata(net_file, tmp_path / "a.onnx", format=None))


@pytest.mark.parametrize("version", ["0", "99", "x"])
def test_another_feature_version_names_both(net_file: Path, tmp_path: Path, version: str) -> None:
    text = refusal(WeightsError, with_metadata(net_file, tmp_path / "a.onnx", feature_version=version))
    assert f"feature version {version}; this engine writes versions 1 and 2" in text


def test_unreadable_board_sizes(net_file: Path, tmp_path: Path) -> None:
    path = with_metadata(net_file, tmp_path / "a.onnx", board_sizes="small")
    assert "board_sizes 'small'" in refusal(WeightsError, path)


def test_other_inputs(net_file: Path, tmp_path: Path) -> None:
    config = small_config((BlockConfig("fused", 16, 1.5),))
    config = type(config)(**{**config.__dict__, "planes": 17})
    export_onnx(small_net(config), tmp_path / "planes.onnx", sizes=[9], training={})
    assert "'planes': 17" in refusal(WeightsError, tmp_path / "planes.onnx")


def test_wrong_options(net_file: Path) -> None:
    assert "threads 0" in refusal(ConfigError, net_file, threads=0)
    assert "'tpu': accepted here are cpu" in refusal(ConfigError, net_file, provider="tpu")
