"""Rules, board kernels, rollouts, input planes, the tree search and the player."""
