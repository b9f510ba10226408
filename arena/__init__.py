"""Strength measurements: matches between GTP engines, referee and ratings."""
