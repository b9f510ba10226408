# ponnuki's built-in suite "capture": 21 problems on 9x9.
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

# Black to play, side; a pass costs 21 points.
# Best play to +15 on the board: D8 D9 E8 C9 D9 E9 F9 pass pass
# GNU Go, level 10, 3 seeds: 3 right (D8 D8 D8)
loadsgf capture/01.sgf
1 reg_genmove black
#? [D8]

# White to play, side; a pass costs 28 points.
# Best play to -15 on the board: E7 D9 D8 E9 F9 E9 D9 H9 pass pass
# GNU Go, level 10, 3 seeds: 3 right (E7 E7 E7)
loadsgf capture/02.sgf
2 reg_genmove white
#? [E7]

# Black to play, corner; a pass costs 26 points.
# Best play to +19 on the board: B8 A9 C9 A8 A7 A9 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B7 B7 B7)
loadsgf capture/03.sgf
3 reg_genmove black
#? [B8|B7]

# Black to play, side; a pass costs 6 points.
# Best play to +1 on the board: D3 B3 B2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (D3 D3 D3)
loadsgf capture/04.sgf
4 reg_genmove black
#? [D3]

# White to play, side; a pass costs 28 points.
# Best play to +1 on the board: D2 F2 G2 D1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (D2 D2 D2)
loadsgf capture/05.sgf
5 reg_genmove white
#? [D2]

# White to play, side; a pass costs 8 points.
# Best play to -19 on the board: B5 B6 D7 A8 C8 A9 A7 B7 A4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B5 B5 B5)
loadsgf capture/06.sgf
6 reg_genmove white
#? [B5]

# Black to play, middle; a pass costs 40 points.
# Best play to -5 on the board: F4 G6 H6 F5 G5 J4 H3 J3 H2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (F4 F4 F4)
loadsgf capture/07.sgf
7 reg_genmove black
#? [F4]

# Black to play, side; a pass costs 24 points.
# Best play to +9 on the board: H6 J9 H7 J8 J6 H9 J9 H8 J8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H6 H6 H6)
loadsgf capture/08.sgf
8 reg_genmove black
#? [H6]

# Black to play, corner; a pass costs 19 points.
# Best play to -3 on the board: B9 A9 C7 B8 B9 A9 C9 A8 B8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B9 B9 B9)
loadsgf capture/09.sgf
9 reg_genmove black
#? [B9]

# Black to play, side; a pass costs 34 points.
# Best play to +11 on the board: B4 C4 C3 C5 A4 C4 D4 C5 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C4 C4 C4)
loadsgf capture/10.sgf
10 reg_genmove black
#? [B4|C4]

# White to play, side; a pass costs 10 points.
# Best play to +5 on the board: B5 A7 A5 B6 A4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B5 B5 B5)
loadsgf capture/11.sgf
11 reg_genmove white
#? [B5]

# White to play, side; a pass costs 14 points.
# Best play to +5 on the board: B5 B6 A6 A8 A5 A4 B4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B5 B5 B5)
loadsgf capture/12.sgf
12 reg_genmove white
#? [B5]

# Black to play, side; a pass costs 6 points.
# Best play to +11 on the board: C5 D4 A3 B3 C3 A2 B2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C5 C5 C5)
loadsgf capture/13.sgf
13 reg_genmove black
#? [C5]

# White to play, side; a pass costs 26 points.
# Best play to -1 on the board: D7 D9 C8 B9 E9 G9 D8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (D7 D7 D7)
loadsgf capture/14.sgf
14 reg_genmove white
#? [D7]

# White to play, corner; a pass costs 22 points.
# Best play to +7 on the board: C3 C2 B2 E3 B3 D2 B1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C3 C3 C3)
loadsgf capture/15.sgf
15 reg_genmove white
#? [C3]

# Black to play, corner; a pass costs 32 points.
# Best play to +3 on the board: B2 B3 E3 D2 C1 B4 C4 A3 B3 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B2 B2 B2)
loadsgf capture/16.sgf
16 reg_genmove black
#? [B2]

# White to play, corner; a pass costs 28 points.
# Best play to -21 on the board: C7 B9 C8 E7 A9 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C7 C7 C7)
loadsgf capture/17.sgf
17 reg_genmove white
#? [C7]

# Black to play, corner; a pass costs 10 points.
# Best play to +17 on the board: B3 C6 B5 D5 C2 A3 C4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B3 B3 B3)
loadsgf capture/18.sgf
18 reg_genmove black
#? [B3|C2]

# Black to play, corner; a pass costs 24 points.
# Best play to -1 on the board: B1 B5 B4 A5 A6 B6 A3 C3 B2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B1 B1 B1)
loadsgf capture/19.sgf
19 reg_genmove black
#? [B1]

# Black to play, corner; a pass costs 16 points.
# Best play to -1 on the board: J7 H9 J9 J8 J9 G9 H9 G8 H8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (J7 J7 J7)
loadsgf capture/20.sgf
20 reg_genmove black
#? [J7]

# White to play, corner; a pass costs 20 points.
# Best play to -13 on the board: C1 A3 A2 A5 A4 B4 A5 A3 B3 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C1 C1 C1)
loadsgf capture/21.sgf
21 reg_genmove white
#? [C1]
