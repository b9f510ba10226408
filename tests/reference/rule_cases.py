"""The rules as tables: moves -> diagram, stones lost and refused points; diagrams -> scores.

Both the reference and the engine are held to them, so that the tables themselves are checked twice. Moves are GTP
vertices, colours alternating from `to_play`.
"""

from __future__ import annotations

from dataclasses import dataclass

from .go import BLACK, POSITIONAL, SIMPLE, SITUATIONAL, WHITE, Stones, parse_diagram

ALL_KO = (POSITIONAL, SITUATIONAL, SIMPLE)
SUPERKO = (POSITIONAL, SITUATIONAL)
EITHER = (False, True)


@dataclass(frozen=True)
class RuleCase:
    """Every one of `moves` is legal, and they lead from the left diagram of `boards` to the right one.

    `illegal`: all the empty points that are then refused to the side to move. `lost`: stones of Black and of White
    that left the board. `ko`, `suicide`: the rules under which the case holds.
    """

    name: str
    boards: str
    moves: str
    illegal: str = ""
    lost: tuple[int, int] = (0, 0)
    to_play: int = BLACK
    ko: tuple[int, ...] = ALL_KO
    suicide: tuple[bool, ...] = EITHER

    def _diagram(self, side: int) -> tuple[Stones, int]:
        return parse_diagram("\n".join(line.split()[side] for line in self.boards.strip().splitlines()))

    @property
    def before(self) -> tuple[Stones, int]:
        """Stones and size of the left diagram."""
        return self._diagram(0)

    @property
    def after(self) -> tuple[Stones, int]:
        """Stones and size of the right diagram."""
        return self._diagram(1)


def side_by_side(before: list[str], after: list[str]) -> str:
    """The `boards` text of a case from two lists of rows."""
    return "\n".join(f"{left}  {right}" for left, right in zip(before, after, strict=True))


CAPTURES = [
    RuleCase("one stone in the centre", """
        .....  .....
        ..X..  ..X..
        .XO..  .X.X.
        ..X..  ..X..
        .....  .....
    """, "D3", illegal="C3", lost=(0, 1)),
    RuleCase("one stone on the edge", """
        ....  ....
        X...  X...
        OX..  .X..
        ....  X...
    """, "A1", illegal="A2", lost=(0, 1)),
    RuleCase("one stone in the corner", """
        ...  ...
        ...  X..
        OX.  .X.
    """, "A2", illegal="A1", lost=(0, 1)),
    RuleCase("a chain of two", """
        ......  ......
        ..XX..  ..XX..
        .XOO..  .X..X.
        ..XX..  ..XX..
        ......  ......
        ......  ......
    """, "E4", lost=(0, 2)),
    RuleCase("three chains at once", """
        .XOX.  .X.X.
        .XOX.  .X.X.
        XO.OX  X.X.X
        .XXX.  .XXX.
        .....  .....
    """, "C3", illegal="B3 D3", lost=(0, 4)),
    RuleCase("the last liberty, beside the chain twice, would be suicide but for the capture", """
        ....  ....
        XX..  XX..
        OOX.  ..X.
        .OX.  X.X.
    """, "A1", lost=(0, 3)),
    RuleCase("White captures too", """
        ....  ....
        OO..  OO..
        XXO.  ..O.
        .XO.  O.O.
    """, "pass A1", lost=(3, 0)),
    RuleCase("a chain with two eyes cannot be taken", """
        .OX.  .OX.
        OOX.  OOX.
        .OX.  .OX.
        OOX.  OOX.
    """, "", illegal="A4 A2"),
    RuleCase("snapback", """
        .....  .....
        .....  .....
        XXX..  XXX..
        OOOX.  ...X.
        ..OX.  X..X.
    """, "A1 B1 A1", lost=(1, 5)),
    RuleCase("the smallest board: a stone between two", """
        ..  .X
        ..  X.
    """, "A1 B1 B2", illegal="A2 B1", lost=(0, 1)),
    RuleCase("the smallest board: the last liberty of both belongs to who plays it", """
        ..  OO
        ..  ..
    """, "A1 A2 B1 B2", lost=(2, 0)),
    RuleCase("the largest board: a row of 25", side_by_side(
        ["." * 25] * 23 + ["X" * 24 + ".", "O" * 25], ["." * 25] * 23 + ["X" * 25, "." * 25],
    ), "Z2", lost=(0, 25)),
    RuleCase("the largest board: 624 stones", side_by_side(
        ["X" * 24 + ".", *["X" * 25] * 23, "." + "X" * 24], ["." * 24 + "O", *["." * 25] * 24],
    ), "A1 Z25", lost=(624, 0)),
]

FIVE_WITH_KO = """
        .....  .....
        .XO..  .XO..
        XO.O.  X.XO.
        .XO..  .XO..
        .....  .....
"""

TWO_KOS = """
        XO.OX.XO  XO.OXO.O
        .XO..XO.  .XO..XO.
        ........  ........
        ........  ........
        ........  ........
        ........  ........
        ........  ........
        ........  ........
"""

THREE_KOS = """
        XO.OXO.O  XO.OX.XO
        .XO..XO.  .XO..XO.
        ........  ........
        ........  ........
        ........  ........
        ........  ........
        .XO.....  .XO.....
        X.XO....  X.XO....
"""

KO = [
    RuleCase("ko", FIVE_WITH_KO, "C3", illegal="B3", lost=(0, 1)),
    RuleCase("ko in the corner", """
        ...  ...
        OX.  OX.
        .OX  X.X
    """, "A1", illegal="B1", lost=(0, 1)),
    RuleCase("ko retaken after a threat", """
        .....  .....
        .XO..  .XO..
        XO.O.  XO.O.
        .XO..  .XO..
        .....  X...O
    """, "C3 E1 A1 B3", illegal="C3", lost=(1, 1)),
    RuleCase("passes lift simple ko", FIVE_WITH_KO, "C3 pass pass", lost=(0, 1), ko=(SIMPLE,)),
    RuleCase("passes do not lift superko", FIVE_WITH_KO, "C3 pass pass", illegal="B3", lost=(0, 1), ko=SUPERKO),
    RuleCase("taking two back is no ko, and throwing in again restores the start (other rules)", """
        .....  .....
        .XOO.  .XOO.
        XO.XO  XO..O
        .XOO.  .XOO.
        .....  .....
    """, "C3 B3", lost=(2, 1), ko=(SITUATIONAL, SIMPLE)),
    RuleCase("taking two back is no ko, and throwing in again restores the start (positional)", """
        .....  .....
        .XOO.  .XOO.
        XO.XO  XO..O
        .XOO.  .XOO.
        .....  .....
    """, "C3 B3", illegal="D3", lost=(2, 1), ko=(POSITIONAL,)),
    RuleCase("double ko: the second take restores the start (positional)", TWO_KOS,
             "C8 F8 pass B8", illegal="C8 G8", lost=(2, 1), ko=(POSITIONAL,)),
    RuleCase("double ko: the same stones with White to play are another situation", TWO_KOS,
             "C8 F8 pass B8", illegal="C8", lost=(2, 1), ko=(SITUATIONAL, SIMPLE)),
    RuleCase("triple ko: the sixth take restores the start (superko)", THREE_KOS,
             "C8 B1 G8 B8 C1", illegal="B1 F8", lost=(2, 3), ko=SUPERKO),
    RuleCase("triple ko: the sixth take restores the start (simple ko)", THREE_KOS,
             "C8 B1 G8 B8 C1", illegal="B1", lost=(2, 3), ko=(SIMPLE,)),
    RuleCase("triple ko runs round under simple ko", THREE_KOS,
             "C8 B1 G8 B8 C1 F8 C8 B1 G8 B8 C1", illegal="B1", lost=(5, 6), ko=(SIMPLE,)),
]

SEND_TWO = """
        .....  .....
        .....  .....
        XXO..  XXO..
        XXOO.  XXOO.
"""

CHOSEI = """
        .OOO  .OOO
        XO.X  XO.X
        .XX.  .XX.
        OXXX  .XXX
"""

SUPERKO_CYCLES = [
    RuleCase("send two, return one is a repetition (positional)", SEND_TWO + ".O.O.  ..XO.",
             "A1 C1", illegal="B1", lost=(0, 2), to_play=WHITE, ko=(POSITIONAL,)),
    RuleCase("send two, return one: the other side is to play", SEND_TWO + ".O.O.  .O.O.",
             "A1 C1 B1", illegal="C1", lost=(1, 2), to_play=WHITE, ko=(SITUATIONAL, SIMPLE)),
    RuleCase("a placement without capture can repeat", SEND_TWO + "OO.O.  .O.O.",
             "C1 B1 pass", illegal="A1", lost=(1, 2), ko=SUPERKO),
    RuleCase("a placement is never a simple ko", SEND_TWO + "OO.O.  .O.O.",
             "C1 B1 pass", lost=(1, 2), ko=(SIMPLE,)),
    RuleCase("eternal life ends (superko)", CHOSEI, "A4 A2 A3", illegal="A1 D2", lost=(2, 2), ko=SUPERKO),
    RuleCase("eternal life goes on (simple ko)", CHOSEI, "A4 A2 A3", illegal="D2", lost=(2, 2), ko=(SIMPLE,)),
    RuleCase("eternal life goes round (simple ko)", CHOSEI, "A4 A2 A3 A1 A4 A2 A3",
             illegal="D2", lost=(4, 4), ko=(SIMPLE,)),
]

TWO_IN_AN_EYE = """
        ....  ....
        ....  ....
        XXX.  XXX.
"""

SUICIDE = [
    RuleCase("one stone is never a suicide", """
        .X.  .X.
        X..  X..
        ...  ...
    """, "pass", illegal="A3"),
    RuleCase("two stones, not allowed", TWO_IN_AN_EYE + ".OX.  .OX.", "", illegal="A1",
             to_play=WHITE, suicide=(False,)),
    RuleCase("two stones, allowed", TWO_IN_AN_EYE + ".OX.  ..X.", "A1", lost=(0, 2),
             to_play=WHITE, suicide=(True,)),
    RuleCase("putting a stone back after suicide repeats (positional)", TWO_IN_AN_EYE + ".OX.  ..X.",
             "A1 pass", illegal="B1", lost=(0, 2), to_play=WHITE, ko=(POSITIONAL,), suicide=(True,)),
    RuleCase("putting a stone back after suicide: the other side is to play", TWO_IN_AN_EYE + ".OX.  ..X.",
             "A1 pass", lost=(0, 2), to_play=WHITE, ko=(SITUATIONAL, SIMPLE), suicide=(True,)),
    RuleCase("a pass makes a situation too", TWO_IN_AN_EYE + ".OX.  ..X.",
             "pass A1 pass", illegal="B1", lost=(0, 2), ko=SUPERKO, suicide=(True,)),
    RuleCase("two chains joined by their last liberty", """
        XXX.  XXX.
        O.OX  ...X
        XXX.  XXX.
        ....  ....
    """, "B3", lost=(0, 3), to_play=WHITE, suicide=(True,)),
    RuleCase("the whole smallest board", """
        XX  ..
        X.  ..
    """, "B1", lost=(4, 0), suicide=(True,)),
    RuleCase("the whole smallest board, not allowed", """
        XX  XX
        X.  X.
    """, "", illegal="B1", suicide=(False,)),
    RuleCase("the whole largest board", side_by_side(["X" * 24 + ".", *["X" * 25] * 24], ["." * 25] * 25),
             "Z25", lost=(625, 0), suicide=(True,)),
]

RULE_CASES = CAPTURES + KO + SUPERKO_CYCLES + SUICIDE


@dataclass(frozen=True)
class ScoreCase:
    """Black's margins, komi left out, of a diagram with its `dead` stones (vertices) named.

    `lost`: stones of Black and of White taken before, which only territory scoring counts.
    """

    name: str
    board: str
    area: int
    territory: int
    dead: str = ""
    lost: tuple[int, int] = (0, 0)


WALLS = """
    ..XO.
    ..XO.
    ..XO.
    ..XO.
    ..XO.
"""

INVASION = """
    .OXO.
    ..XO.
    ..XO.
    ..XO.
    ..XO.
"""

BENT_FOUR = """
    .......
    .......
    .......
    OO.....
    XXOOO..
    .XXXXO.
    OOO.XO.
"""

SEKI = """
    ..X.O.
    XXX.OO
    XXXXOO
    XXXXOO
    XXXXOO
    XXXXOO
"""

SCORE_CASES = [
    ScoreCase("an empty board is nobody's", "..\n..", area=0, territory=0),
    ScoreCase("one stone owns the board", "...\n.X.\n...", area=9, territory=8),
    ScoreCase("one white stone owns the board", "...\n..O\n...", area=-9, territory=-8),
    ScoreCase("two walls", WALLS, area=5, territory=5),
    ScoreCase("prisoners count in territory alone", WALLS, area=5, territory=3, lost=(3, 1)),
    ScoreCase("a region beside both is neutral", ".X.O.\n" * 5, area=0, territory=0),
    ScoreCase("a live invader spoils territory", INVASION, area=-6, territory=-5),
    ScoreCase("a dead invader is a prisoner", INVASION, area=5, territory=6, dead="B5"),
    ScoreCase("dead stones and prisoners add up", INVASION, area=5, territory=4, dead="B5", lost=(3, 1)),
    ScoreCase("dead stones of both", ".OXO.\n" + "..XO.\n" * 3 + "..XOX", area=5, territory=5, dead="B5 E1"),
    ScoreCase("bent four in the corner, given as dead", BENT_FOUR, area=-49, territory=-46,
              dead="A3 B3 B2 C2 D2 E2 E1"),
    ScoreCase("bent four in the corner, left as it stands", BENT_FOUR, area=-33, territory=-30),
    ScoreCase("seki: the shared liberties are neutral, eyes count", SEKI, area=10, territory=1),
    ScoreCase("eyes of both colours", ".XO.\nXXOO\nXXOO\n.XO.", area=0, territory=0),
    ScoreCase("the largest board", "X" + "." * 24 + "\n" + ("." * 25 + "\n") * 24, area=625, territory=624),
]
