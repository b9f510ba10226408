"""A crew of actors on a local Ray cluster of several nodes, with an actor and a node killed in the middle."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ray = pytest.importorskip("ray")
pytest.importorskip("torch")

from ray.cluster_utils import Cluster  # noqa: E402

from ponnuki.engine.errors import ConfigError  # noqa: E402
from ponnuki.selfplay import candidate  # noqa: E402
from ponnuki.selfplay.cluster import RayCrew  # noqa: E402
from ponnuki.selfplay.duel import DuelSettings  # noqa: E402
from ponnuki.selfplay.run_folder import RunFolder  # noqa: E402
from ponnuki.selfplay.run_settings import NetSettings  # noqa: E402
from ponnuki.selfplay.settings import PlaySettings, StartSettings  # noqa: E402
from ponnuki.selfplay.store import GameStore  # noqa: E402
from ponnuki.selfplay.stream import DuelStream, GameStream  # noqa: E402
from ponnuki.selfplay.worker import NetFile, SelfPlayWorker  # noqa: E402

STARTS = StartSettings(sizes={5: 1.0}, komi=5.5, handicap_share=0.0)
PLAY = PlaySettings(visits=8, cheap_visits=4, games_at_once=4)
NODE = {"num_cpus": 1, "object_store_memory": 80 << 20}


@pytest.fixture
def cluster() -> Iterator[Any]:
    made = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def net(tmp_path: Path) -> NetFile:
    folder = RunFolder(tmp_path / "net")
    candidate.first_net(folder, "net-0000", NetSettings(net="tiny"), [5], 1)
    return NetFile("net-0000", folder.playable("net-0000", "float32").read_bytes())


@pytest.mark.timeout(300)
def test_actors_and_nodes_that_die_are_replaced_and_games_go_on(cluster: Any, net: NetFile, tmp_path: Path) -> None:
    second = cluster.add_node(**NODE)
    crew = RayCrew(functools.partial(SelfPlayWorker, STARTS, PLAY), cluster.address, 2, seed=1)
    lines: list[str] = []
    stream, store = GameStream(crew, lines.append), GameStore(tmp_path / "games")
    stream.use(net)

    def play_until(games: int) -> None:
        while store.games() < games:
            for finished in stream.poll():
                store.add(1, finished)

    play_until(6)
    ray.kill(crew._actors[0], no_restart=True)
    play_until(12)
    while stream.losses < 1 or None in crew._actors:
        for finished in stream.poll():
            store.add(1, finished)
    ray.get([actor.__ray_ready__.remote() for actor in crew._actors], timeout=120)  # one on each node
    cluster.remove_node(second, allow_graceful=False)
    play_until(store.games() + 6)
    cluster.add_node(**NODE)
    while stream.losses < 2:
        for finished in stream.poll():
            store.add(1, finished)
    play_until(store.games() + 6)
    for finished in stream.drain():
        store.add(1, finished)
    assert len(lines) >= 2
    assert all("is lost" in line for line in lines)
    assert crew.idle == [0, 1]

    duel = DuelStream(crew, DuelSettings(STARTS, visits=4), (net, net), iter(range(4)), 2, lines.append)
    results = [result for _ in range(200) for result in duel.poll(0.2)]
    assert sorted(result.number for result in results) == [0, 1, 2, 3]
    crew.close()
    assert GameStore(tmp_path / "games").games() == store.games()


def test_no_cluster_is_said_in_a_line() -> None:
    with pytest.raises(ConfigError, match=r"--ray 127\.0\.0\.1:1: no Ray cluster can be reached there"):
        RayCrew(functools.partial(SelfPlayWorker, STARTS, PLAY), "127.0.0.1:1")
