# ponnuki's built-in suite "ko": 21 problems on 9x9.
#
# Rules: area scoring, positional superko, no suicide (any ko rule gives the same answers). Each board is settled but for
# the problem, and komi is such that the side to play wins by half a point with a right move and loses with any other.
#
# Each answer is proven: a search to the end of the game (tests/scripts/suites/solver.py) shows of every legal move of
# the problem, the pass included, that it wins or that it loses. Moves inside settled territory are worth a pass. The
# line in each comment is best play by both sides; it was replayed by the reference rules (tests/reference/go.py), which
# gave the same score. GNU Go 3.8's answers are there for comparison: they do not decide.
#
# Made by: python -m tests.scripts.suites ko --seed 1

# Black to play, corner; a pass costs 2 points.
# White has just taken a ko.
# Best play to +11 on the board: B7 F9 B6 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B6 B6 B6)
loadsgf ko/01.sgf 2
1 reg_genmove black
#? [B7|B6]

# White to play, side; a pass costs 4 points.
# Black has just taken a ko.
# Best play to -7 on the board: D8 D7 A7 F9 C8 D6 pass pass
# GNU Go, level 10, 3 seeds: 3 right (D8 D8 D8)
loadsgf ko/02.sgf 2
2 reg_genmove white
#? [D8]

# White to play, corner; a pass costs 4 points.
# Black has just taken a ko.
# Best play to -11 on the board: C9 D9 A5 pass A6 pass pass
# GNU Go, level 10, 3 seeds: 3 right (C9 C9 C9)
loadsgf ko/03.sgf 2
3 reg_genmove white
#? [C9]

# White to play, side; a pass costs 4 points.
# Best play to -1 on the board: E9 A3 F9 B3 pass pass
# GNU Go, level 10, 3 seeds: 3 right (E9 E9 E9)
loadsgf ko/04.sgf
4 reg_genmove white
#? [E9]

# White to play, side; a pass costs 4 points.
# Black has just taken a ko.
# Best play to -5 on the board: A6 B6 A4 A7 A5 J5 J6 pass pass
# GNU Go, level 10, 3 seeds: 3 right (A6 A6 A6)
loadsgf ko/05.sgf 2
5 reg_genmove white
#? [A6]

# White to play, corner; a pass costs 6 points.
# Best play to -21 on the board: A2 A3 B2 A4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (A2 A2 A2)
loadsgf ko/06.sgf
6 reg_genmove white
#? [A2|B2]

# White to play, corner; a pass costs 8 points.
# Best play to +5 on the board: A7 J5 A6 J4 J3 H3 J2 pass pass
# GNU Go, level 10, 3 seeds: 3 right (J4 J4 J4)
loadsgf ko/07.sgf
7 reg_genmove white
#? [A7|J4]

# Black to play, corner; a pass costs 4 points.
# White has just taken a ko.
# Best play to +11 on the board: H8 G8 H9 G9 J8 C5 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H8 H8 H8)
loadsgf ko/08.sgf 2
8 reg_genmove black
#? [H8]

# White to play, side; a pass costs 8 points.
# Black has just taken a ko.
# Best play to -11 on the board: B4 J6 J8 A1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B4 B4 B4)
loadsgf ko/09.sgf 2
9 reg_genmove white
#? [B4]

# White to play, side; a pass costs 26 points.
# Black has just taken a ko.
# Best play to +7 on the board: E3 B1 C4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (E3 E3 E3)
loadsgf ko/10.sgf 2
10 reg_genmove white
#? [E3]

# Black to play, side; a pass costs 6 points.
# Best play to +9 on the board: B4 A2 A3 B2 A4 B1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B4 B4 B4)
loadsgf ko/11.sgf
11 reg_genmove black
#? [B4]

# White to play, side; a pass costs 2 points.
# Best play to -1 on the board: F8 F9 J6 G9 J5 G6 pass pass
# GNU Go, level 10, 3 seeds: 3 right (F8 F8 F8)
loadsgf ko/12.sgf
12 reg_genmove white
#? [F8]

# Black to play, side; a pass costs 6 points.
# White has just taken a ko.
# Best play to -1 on the board: F2 C9 F3 A8 B8 A9 pass pass
# GNU Go, level 10, 3 seeds: 3 right (F2 F2 F2)
loadsgf ko/13.sgf 2
13 reg_genmove black
#? [F2]

# Black to play, middle; a pass costs 2 points.
# White has just taken a ko.
# Best play to -7 on the board: E6 B9 E9 D8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (E6 E6 E6)
loadsgf ko/14.sgf 2
14 reg_genmove black
#? [E6]

# White to play, side; a pass costs 30 points.
# Best play to +7 on the board: E8 E9 C7 E7 E8 D9 E9 F9 C8 D8 F8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (E8 E8 E8)
loadsgf ko/15.sgf
15 reg_genmove white
#? [E8]

# Black to play, corner; a pass costs 7 points.
# Best play to -3 on the board: H8 J8 J9 C1 H9 B1 J7 H7 J8 D1 A1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H8 H8 H8)
loadsgf ko/16.sgf
16 reg_genmove black
#? [H8]

# Black to play, side; a pass costs 14 points.
# Best play to +5 on the board: H6 J5 H9 A4 B4 G9 J8 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H6 H6 H6)
loadsgf ko/17.sgf
17 reg_genmove black
#? [H6]

# White to play, side; a pass costs 4 points.
# Best play to -21 on the board: J6 C9 J5 D9 G9 C8 H8 H7 pass A8 A9 B9 B8 A9 pass pass
# GNU Go, level 10, 3 seeds: 3 right (J6 J6 J6)
loadsgf ko/18.sgf
18 reg_genmove white
#? [J6]

# Black to play, corner; a pass costs 4 points.
# White has just taken a ko.
# Best play to +3 on the board: H7 J9 C5 C7 C6 C4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H7 H7 H7)
loadsgf ko/19.sgf 2
19 reg_genmove black
#? [H7]

# Black to play, corner; a pass costs 5 points.
# Best play to +13 on the board: B9 E1 D9 F1 C9 G1 pass pass
# GNU Go, level 10, 3 seeds: 3 right (B9 B9 B9)
loadsgf ko/20.sgf
20 reg_genmove black
#? [B9|A8]

# Black to play, corner; a pass costs 6 points.
# White has just taken a ko.
# Best play to +3 on the board: H7 E9 D4 pass pass
# GNU Go, level 10, 3 seeds: 3 right (H7 H7 H7)
loadsgf ko/21.sgf 2
21 reg_genmove black
#? [H7]
