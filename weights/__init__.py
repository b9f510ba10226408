"""Shipped networks, each with its model card, and their manifest."""
