"""Speed, cost, memory and start-up measurements."""
