# ponnuki's built-in suite "endgame": 21 problems on 9x9.
#
# Rules: area scoring, positional superko, no suicide (any ko rule gives the same answers). Each board is settled but for
# the problem, and komi is such that the side to play wins by half a point with a right move and loses with any other.
#
# Each answer is proven: a search to the end of the game (tests/scripts/suites/solver.py) shows of every legal move of
# the problem, the pass included, that it wins or that it loses. Moves inside settled territory are worth a pass. The
# line in each comment is best play by both sides; it was replayed by the reference rules (tests/reference/go.py), which
# gave the same score. GNU Go 3.8's answers are there for comparison: they do not decide.
#
# Made by: python -m tests.scripts.suites endgame --seed 1

# White to play, corner; a pass costs 4 points.
# Best play to +1 on the board: A7 B9 A6 A8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (A7 A7 A7)
loadsgf endgame/01.sgf
1 reg_genmove white
#? [A7]

# Black to play, side; a pass costs 2 points.
# Best play to -5 on the board: B4 A7 G8 A9 G9 A8 F8 A4 B7 A6 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B4 B4 B4)
loadsgf endgame/02.sgf
2 reg_genmove black
#? [B4]

# Black to play, side; a pass costs 2 points.
# Best play to -3 on the board: A6 A7 B6 B7 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B6 B6 B6)
loadsgf endgame/03.sgf
3 reg_genmove black
#? [A6|B6]

# Black to play, side; a pass costs 4 points.
# Best play to +21 on the board: B6 B7 A6 B9 C5 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B6 B6 B6)
loadsgf endgame/04.sgf
4 reg_genmove black
#? [B6]

# Black to play, side; a pass costs 4 points.
# Best play to +5 on the board: B4 A5 B5 J2 H2 J1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (J2 J2 J2)
loadsgf endgame/05.sgf
5 reg_genmove black
#? [B4|J2]

# White to play, corner; a pass costs 2 points.
# Best play to -15 on the board: J3 J6 J5 H4 J2 J1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (J3 J3 J3)
loadsgf endgame/06.sgf
6 reg_genmove white
#? [J3]

# White to play, corner; a pass costs 2 points.
# Best play to -15 on the board: B3 A4 B4 C3 A2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B3 B3 B3)
loadsgf endgame/07.sgf
7 reg_genmove white
#? [B3]

# Black to play, side; a pass costs 2 points.
# Best play to -7 on the board: B4 B6 B5 A4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B4 B4 B4)
loadsgf endgame/08.sgf
8 reg_genmove black
#? [B4]

# White to play, side; a pass costs 2 points.
# Best play to +1 on the board: F9 E9 G9 B9 pass pass
# GNU Go, level 10, 3 seeds: 3 right (F9 F9 F9)
loadsgf endgame/09.sgf
9 reg_genmove white
#? [F9]

# White to play, side; a pass costs 2 points.
# Best play to -19 on the board: C6 H9 J9 H8 J8 H7 J7 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C6 C6 C6)
loadsgf endgame/10.sgf
10 reg_genmove white
#? [C6]

# White to play, corner; a pass costs 4 points.
# Best play to +3 on the board: B1 B9 A1 A2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B1 B1 B1)
loadsgf endgame/11.sgf
11 reg_genmove white
#? [B1]

# White to play, corner; a pass costs 2 points.
# Best play to +3 on the board: A8 B9 B8 D7 E6 E7 pass pass
# GNU Go, level 10, 3 seeds: 0 right (E7 E7 E7)
loadsgf endgame/12.sgf
12 reg_genmove white
#? [A8|B8]

# White to play, side; a pass costs 2 points.
# Best play to -3 on the board: E1 F1 A3 B3 B2 A1 A3 A2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (E1 E1 E1)
loadsgf endgame/13.sgf
13 reg_genmove white
#? [E1]

# Black to play, side; a pass costs 2 points.
# Best play to +9 on the board: D1 D2 C1 A1 E1 B1 pass pass
# GNU Go, level 10, 3 seeds: 0 right (D2 D2 D2)
loadsgf endgame/14.sgf
14 reg_genmove black
#? [D1]

# Black to play, middle; a pass costs 2 points.
# Best play to -7 on the board: F5 F6 G5 G6 pass pass
# GNU Go, level 10, 3 seeds: 3 right (F5 F5 F5)
loadsgf endgame/15.sgf
15 reg_genmove black
#? [F5|G5]

# White to play, side; a pass costs 2 points.
# Best play to +7 on the board: J6 J5 H7 H5 pass pass
# GNU Go, level 10, 3 seeds: 3 right (J6 J6 J6)
loadsgf endgame/16.sgf
16 reg_genmove white
#? [J6]

# White to play, middle; a pass costs 4 points.
# Best play to -1 on the board: D5 B5 D4 A3 pass pass
# GNU Go, level 10, 3 seeds: 3 right (D5 D5 D5)
loadsgf endgame/17.sgf
17 reg_genmove white
#? [D5]

# White to play, side; a pass costs 4 points.
# Best play to -3 on the board: H4 H3 J3 J2 J4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H4 H4 H4)
loadsgf endgame/18.sgf
18 reg_genmove white
#? [H4|J3]

# Black to play, corner; a pass costs 4 points.
# Best play to +11 on the board: G7 H8 H7 J8 E4 G6 E5 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H7 H7 H7)
loadsgf endgame/19.sgf
19 reg_genmove black
#? [G7|H7]

# White to play, corner; a pass costs 3 points.
# Best play to -9 on the board: B7 B8 C8 A7 H5 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B7 B7 B7)
loadsgf endgame/20.sgf
20 reg_genmove white
#? [B7]

# Black to play, middle; a pass costs 2 points.
# Best play to -5 on the board: F5 A5 G5 F4 G4 G3 pass pass
# GNU Go, level 10, 3 seeds: 3 right (F5 F5 F5)
loadsgf endgame/21.sgf
21 reg_genmove black
#? [F5|F4]
