"""Game records: shards on disk, SGF in and out, and training batches made from them."""
