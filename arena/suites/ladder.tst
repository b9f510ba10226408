# ponnuki's built-in suite "ladder": 21 problems on 9x9.
#
# Rules: area scoring. A chain with two liberties can be taken in a ladder, but by only one of the two ataris.
#
# Each answer was checked in four ways. A ladder reader (tests/scripts/suites/ladders.py) plays every atari and every
# defence, extending or taking attackers, to the end: one atari takes the chain, the other does not. GNU Go 3.8's
# `attack` names the same move, and its `does_attack` refuses every other point of the board. By its `estimate_score`
# the move gains at least 8 points over a pass, and komi lies between. And GNU Go, level 10, plays it with all of three
# seeds.
#
# Made by: python -m tests.scripts.suites ladder --seed 1

# White to play takes F5 in 9 plies; worth 12 points by GNU Go's estimate.
loadsgf ladder/01.sgf
1 reg_genmove white
#? [F6]

# White to play takes E3 in 7 plies; worth 54 points by GNU Go's estimate.
loadsgf ladder/02.sgf
2 reg_genmove white
#? [D3]

# Black to play takes F5 in 15 plies; worth 12 points by GNU Go's estimate.
loadsgf ladder/03.sgf
3 reg_genmove black
#? [E5]

# Black to play takes G6 in 7 plies; worth 26 points by GNU Go's estimate.
loadsgf ladder/04.sgf
4 reg_genmove black
#? [G7]

# White to play takes E4 in 7 plies; worth 31 points by GNU Go's estimate.
loadsgf ladder/05.sgf
5 reg_genmove white
#? [E5]

# White to play takes G4 in 7 plies; worth 35 points by GNU Go's estimate.
loadsgf ladder/06.sgf
6 reg_genmove white
#? [F4]

# White to play takes F3 in 9 plies; worth 15 points by GNU Go's estimate.
loadsgf ladder/07.sgf
7 reg_genmove white
#? [G3]

# White to play takes E3 in 7 plies; worth 12 points by GNU Go's estimate.
loadsgf ladder/08.sgf
8 reg_genmove white
#? [E4]

# Black to play takes C5 in 9 plies; worth 34 points by GNU Go's estimate.
loadsgf ladder/09.sgf
9 reg_genmove black
#? [E5]

# Black to play takes C5 in 7 plies; worth 14 points by GNU Go's estimate.
loadsgf ladder/10.sgf
10 reg_genmove black
#? [D5]

# Black to play takes E5 in 15 plies; worth 15 points by GNU Go's estimate.
loadsgf ladder/11.sgf
11 reg_genmove black
#? [E6]

# White to play takes D6 in 7 plies; worth 12 points by GNU Go's estimate.
loadsgf ladder/12.sgf
12 reg_genmove white
#? [C6]

# White to play takes D3 in 7 plies; worth 34 points by GNU Go's estimate.
loadsgf ladder/13.sgf
13 reg_genmove white
#? [D4]

# Black to play takes F3 in 7 plies; worth 25 points by GNU Go's estimate.
loadsgf ladder/14.sgf
14 reg_genmove black
#? [F4]

# Black to play takes C3 in 7 plies; worth 9 points by GNU Go's estimate.
loadsgf ladder/15.sgf
15 reg_genmove black
#? [D3]

# Black to play takes G5 in 7 plies; worth 37 points by GNU Go's estimate.
loadsgf ladder/16.sgf
16 reg_genmove black
#? [G3]

# Black to play takes E4 in 7 plies; worth 49 points by GNU Go's estimate.
loadsgf ladder/17.sgf
17 reg_genmove black
#? [E5]

# Black to play takes E6 in 11 plies; worth 12 points by GNU Go's estimate.
loadsgf ladder/18.sgf
18 reg_genmove black
#? [F6]

# White to play takes F5 in 9 plies; worth 8 points by GNU Go's estimate.
loadsgf ladder/19.sgf
19 reg_genmove white
#? [E5]

# White to play takes F3 in 9 plies; worth 46 points by GNU Go's estimate.
loadsgf ladder/20.sgf
20 reg_genmove white
#? [F4]

# Black to play takes D5 in 9 plies; worth 13 points by GNU Go's estimate.
loadsgf ladder/21.sgf
21 reg_genmove black
#? [E6]
