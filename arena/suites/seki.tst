# ponnuki's built-in suite "seki": 21 problems on 9x9.
#
# Rules: area scoring, positional superko, no suicide (any ko rule gives the same answers). Each board is settled but
# for the problem, and komi is such that the side to play wins by half a point with a right move, and loses with any
# other.
#
# Each answer is proven: a search to the end of the game (tests/scripts/suites/solver.py) shows of every legal move of
# the problem, the pass included, that it wins or that it loses. Moves inside settled territory are worth a pass. The
# line in each comment is best play by both sides; it was replayed by the reference rules (tests/reference/go.py), which
# gave the same score. GNU Go 3.8's answers are there for comparison: they do not decide.
#
# Made by: python -m tests.scripts.suites fights --seed 1

# Black to play, corner; a pass costs 11 points.
# Best play to +3 on the board: G7 pass pass
# GNU Go, level 10, 3 seeds: 3 right (G7 G7 G7)
loadsgf seki/01.sgf
1 reg_genmove black
#? [G7]

# White to play, side; a pass costs 10 points.
# Best play to +5 on the board: C6 A8 B4 A9 A4 A5 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C6 C6 C6)
loadsgf seki/02.sgf
2 reg_genmove white
#? [C6]

# White to play, side; a pass costs 13 points.
# Best play to -17 on the board: H6 J9 H7 F6 G5 pass J7 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H6 H6 H6)
loadsgf seki/03.sgf
3 reg_genmove white
#? [H6|G5]

# White to play, side; a pass costs 7 points.
# Best play to +5 on the board: J6 F4 F5 F7 G6 F3 pass pass
# GNU Go, level 10, 3 seeds: 3 right (J6 J6 J6)
loadsgf seki/04.sgf
4 reg_genmove white
#? [J6|F4]

# Black to play, side; a pass costs 12 points.
# Best play to +3 on the board: B5 A5 A8 D3 A6 A7 B7 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B5 B5 B5)
loadsgf seki/05.sgf
5 reg_genmove black
#? [B5]

# Black to play, side; a pass costs 17 points.
# Best play to +9 on the board: B4 E3 A2 B2 D2 A3 D1 E3 A2 E2 B1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B4 B4 B4)
loadsgf seki/06.sgf
6 reg_genmove black
#? [B4]

# Black to play, side; a pass costs 15 points.
# Best play to +11 on the board: D7 B9 B8 A7 B6 A6 A9 A8 B9 A4 B5 pass pass
# GNU Go, level 10, 3 seeds: 3 right (D7 D7 D7)
loadsgf seki/07.sgf
7 reg_genmove black
#? [D7]

# Black to play, side; a pass costs 10 points.
# Best play to +19 on the board: J4 F6 H6 H5 G7 F4 H7 G5 F5 F6 G6 G5 F6 pass pass
# GNU Go, level 10, 3 seeds: 3 right (J4 J4 J4)
loadsgf seki/08.sgf
8 reg_genmove black
#? [J4]

# White to play, side; a pass costs 9 points.
# Best play to -7 on the board: F1 C3 B1 C1 D1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (F1 F1 F1)
loadsgf seki/09.sgf
9 reg_genmove white
#? [F1]

# Black to play, middle; a pass costs 10 points.
# Best play to +3 on the board: F5 G8 F7 J6 H5 pass pass
# GNU Go, level 10, 3 seeds: 3 right (F5 F5 F5)
loadsgf seki/10.sgf
10 reg_genmove black
#? [F5]

# Black to play, side; a pass costs 13 points.
# Best play to +19 on the board: F7 H8 J8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (F7 F7 F7)
loadsgf seki/11.sgf
11 reg_genmove black
#? [F7]

# White to play, side; a pass costs 13 points.
# Best play to -9 on the board: C6 A9 B9 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C6 C6 C6)
loadsgf seki/12.sgf
12 reg_genmove white
#? [C6]

# White to play, side; a pass costs 9 points.
# Best play to -17 on the board: F8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (F8 F8 F8)
loadsgf seki/13.sgf
13 reg_genmove white
#? [F8]

# Black to play, corner; a pass costs 9 points.
# Best play to +21 on the board: J7 E9 G9 H9 pass pass
# GNU Go, level 10, 3 seeds: 3 right (J7 J7 J7)
loadsgf seki/14.sgf
14 reg_genmove black
#? [J7]

# White to play, corner; a pass costs 12 points.
# Best play to -1 on the board: G7 pass pass
# GNU Go, level 10, 3 seeds: 0 right (PASS PASS PASS)
loadsgf seki/15.sgf
15 reg_genmove white
#? [G7]

# White to play, corner; a pass costs 10 points.
# Best play to -1 on the board: C1 B4 A3 A2 B2 B1 A3 A4 B4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C1 C1 C1)
loadsgf seki/16.sgf
16 reg_genmove white
#? [C1]

# Black to play, corner; a pass costs 8 points.
# Best play to -1 on the board: A2 D3 E3 G3 pass pass
# GNU Go, level 10, 3 seeds: 3 right (A2 A2 A2)
loadsgf seki/17.sgf
17 reg_genmove black
#? [A2]

# White to play, corner; a pass costs 5 points.
# Best play to -9 on the board: C3 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C3 C3 C3)
loadsgf seki/18.sgf
18 reg_genmove white
#? [C3]

# White to play, middle; a pass costs 16 points.
# Best play to -5 on the board: D6 A9 B9 D9 A8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (D6 D6 D6)
loadsgf seki/19.sgf
19 reg_genmove white
#? [D6]

# White to play, middle; a pass costs 8 points.
# Best play to +3 on the board: D5 B8 A6 pass pass
# GNU Go, level 10, 3 seeds: 3 right (D5 D5 D5)
loadsgf seki/20.sgf
20 reg_genmove white
#? [D5]

# Black to play, middle; a pass costs 16 points.
# Best play to +21 on the board: E5 D7 E6 pass pass
# GNU Go, level 10, 3 seeds: 3 right (E5 E5 E5)
loadsgf seki/21.sgf
21 reg_genmove black
#? [E5]
