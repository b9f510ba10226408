"""Ladders in plain Python, every line of them: what `ponnuki.engine.ladder` reads with its shortcuts."""

from __future__ import annotations

from .go import Stones, after_stone, border, chain, liberties, opponent


class TooLong(Exception):
    """The whole tree has more moves than were asked for."""


class LadderReading:
    """Readings of one position; `moves` counts those played in all lines, none left out for being decided."""

    def __init__(self, stones: Stones, size: int, most: int) -> None:
        self.stones, self.size, self.most = stones, size, most
        self.moves = 0

    def attack_works(self, prey: int, point: int) -> bool:
        """Whether the opponent of the chain at `prey` captures it by playing `point`, one of its two liberties."""
        self.moves = 0
        return self._attack(self.stones, prey, point)

    def is_lost(self, prey: int) -> bool:
        """Whether the chain at `prey`, in atari, is lost though its owner plays first."""
        self.moves = 0
        return self._all_defences_fail(self.stones, prey)

    def _attack(self, stones: Stones, prey: int, point: int) -> bool:
        play = after_stone(stones, self.size, opponent(stones[prey]), point)
        if play.own_lost:
            return False
        self._count()
        return len(liberties(play.stones, self.size, prey)) == 1 and self._all_defences_fail(play.stones, prey)

    def _all_defences_fail(self, stones: Stones, prey: int) -> bool:
        size, colour = self.size, stones[prey]
        defences = set(liberties(stones, size, prey))
        for beside in border(stones, size, chain(stones, size, prey), opponent(colour)):
            freedom = liberties(stones, size, beside)
            if len(freedom) == 1:
                defences |= freedom
        return False not in [self._defence_fails(stones, prey, point) for point in defences]

    def _defence_fails(self, stones: Stones, prey: int, point: int) -> bool:
        play = after_stone(stones, self.size, stones[prey], point)
        if play.own_lost:
            return True
        self._count()
        freedom = liberties(play.stones, self.size, prey)
        if len(freedom) != 2:
            return len(freedom) == 1
        return True in [self._attack(play.stones, prey, attack) for attack in freedom]

    def _count(self) -> None:
        self.moves += 1
        if self.moves > self.most:
            raise TooLong
