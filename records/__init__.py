"""Game records on disk, SGF in and out, and training batches made of them."""
