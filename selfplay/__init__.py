"""Self-play, the trainer and its loop."""
