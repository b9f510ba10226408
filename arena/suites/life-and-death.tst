# ponnuki's built-in suite "life-and-death": 21 problems on 9x9.
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

# Black to play, side; a pass costs 12 points.
# Best play to +21 on the board: H4 G4 H3 G3 J4 F3 F5 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H4 H4 H4)
loadsgf life-and-death/01.sgf
1 reg_genmove black
#? [H4]

# Black to play, corner; a pass costs 20 points.
# Best play to +9 on the board: A2 B3 A3 D2 B1 D1 B2 D3 pass pass
# GNU Go, level 10, 3 seeds: 3 right (A2 A2 A2)
loadsgf life-and-death/02.sgf
2 reg_genmove black
#? [A2]

# Black to play, side; a pass costs 20 points.
# Best play to +11 on the board: G6 H9 J9 F8 G8 H8 J8 F9 G9 H9 H8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (G6 G6 G6)
loadsgf life-and-death/03.sgf
3 reg_genmove black
#? [G6]

# White to play, side; a pass costs 22 points.
# Best play to -1 on the board: H4 G1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H4 H4 H4)
loadsgf life-and-death/04.sgf
4 reg_genmove white
#? [H4]

# Black to play, corner; a pass costs 22 points.
# Best play to +13 on the board: H9 D9 F9 G9 G8 E8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H8 H8 H8)
loadsgf life-and-death/05.sgf
5 reg_genmove black
#? [H9|H8]

# Black to play, side; a pass costs 13 points.
# Best play to -5 on the board: F1 D1 F2 H2 G1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (F1 F1 F1)
loadsgf life-and-death/06.sgf
6 reg_genmove black
#? [F1|G1]

# White to play, side; a pass costs 26 points.
# Best play to -15 on the board: E2 E5 C4 C1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (E2 E2 E2)
loadsgf life-and-death/07.sgf
7 reg_genmove white
#? [E2]

# White to play, middle; a pass costs 25 points.
# Best play to -1 on the board: D6 E9 F9 G9 D8 F8 J8 pass F9 E9 G9 H9 J9 E8 F8 pass pass
# GNU Go, level 10, 3 seeds: 0 right (D8 D8 D8)
loadsgf life-and-death/08.sgf
8 reg_genmove white
#? [D6]

# White to play, corner; a pass costs 20 points.
# Best play to -5 on the board: G2 H3 H2 H4 G1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (G2 G2 G2)
loadsgf life-and-death/09.sgf
9 reg_genmove white
#? [G2]

# Black to play, side; a pass costs 21 points.
# Best play to +5 on the board: A4 A2 C2 B2 D2 pass A1 A3 B3 A2 B2 A3 A2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (A4 A4 A4)
loadsgf life-and-death/10.sgf
10 reg_genmove black
#? [A4]

# White to play, corner; a pass costs 22 points.
# Best play to -5 on the board: A2 A3 B3 D3 B2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (A2 A2 A2)
loadsgf life-and-death/11.sgf
11 reg_genmove white
#? [A2]

# White to play, side; a pass costs 14 points.
# Best play to -21 on the board: H5 G4 H4 H8 G6 G7 G5 F4 J5 G2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H5 H5 H5)
loadsgf life-and-death/12.sgf
12 reg_genmove white
#? [H5]

# Black to play, side; a pass costs 20 points.
# Best play to +3 on the board: J4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (J4 J4 J4)
loadsgf life-and-death/13.sgf
13 reg_genmove black
#? [J4]

# White to play, corner; a pass costs 22 points.
# Best play to -17 on the board: B2 E9 C9 D9 A2 C2 A1 B1 A2 B2 A1 A3 B3 C3 A3 B2 C2 D2 C3 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B1 B1 B1)
loadsgf life-and-death/14.sgf
14 reg_genmove white
#? [B2|B1]

# White to play, corner; a pass costs 22 points.
# Best play to -5 on the board: H1 G2 G1 H2 J2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H1 H1 H1)
loadsgf life-and-death/15.sgf
15 reg_genmove white
#? [H1]

# Black to play, corner; a pass costs 24 points.
# Best play to +19 on the board: A8 A9 A7 B7 C7 A8 A7 A9 B9 A8 B8 A9 A8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C7 C7 C7)
loadsgf life-and-death/16.sgf
16 reg_genmove black
#? [A8|C7]

# Black to play, corner; a pass costs 24 points.
# Best play to -5 on the board: J7 G9 G8 J9 H8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (J7 J7 J7)
loadsgf life-and-death/17.sgf
17 reg_genmove black
#? [J7]

# White to play, corner; a pass costs 22 points.
# Best play to -7 on the board: A8 A9 B9 B8 A7 pass pass
# GNU Go, level 10, 3 seeds: 3 right (A8 A8 A8)
loadsgf life-and-death/18.sgf
18 reg_genmove white
#? [A8]

# Black to play, corner; a pass costs 24 points.
# Best play to +11 on the board: H8 H9 J8 F7 H7 J7 H8 J8 G6 H7 H8 G9 H9 J9 G8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H8 H8 H8)
loadsgf life-and-death/19.sgf
19 reg_genmove black
#? [H8]

# White to play, corner; a pass costs 18 points.
# Best play to -7 on the board: A8 C6 pass pass
# GNU Go, level 10, 3 seeds: 3 right (A8 A8 A8)
loadsgf life-and-death/20.sgf
20 reg_genmove white
#? [A8]

# Black to play, side; a pass costs 12 points.
# Best play to -7 on the board: E1 H2 H1 F4 F1 H4 J1 H3 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H1 H1 H1)
loadsgf life-and-death/21.sgf
21 reg_genmove black
#? [E1|H1]
