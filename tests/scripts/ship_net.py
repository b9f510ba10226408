"""Ship a trained net: float and int8 files, card and manifest into weights/.

    python tests/scripts/ship_net.py RUN/NAME --name NAME --calibrate SHARD… --validate SHARD…

RUN/NAME is what `ponnuki train` wrote (NAME.safetensors with NAME.toml). Calibration shards belong to the training
data, validation shards do not.
"""

import argparse
from pathlib import Path

from ponnuki import weights
from ponnuki.nets.shipping import ship
from ponnuki.records.sampling import find_groups


def main() -> None:
    """Parse the command line and ship."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("source", type=Path, metavar="RUN/NAME")
    parser.add_argument("--name", required=True)
    parser.add_argument("--calibrate", type=Path, nargs="+", required=True, metavar="SHARD")
    parser.add_argument("--validate", type=Path, nargs="+", required=True, metavar="SHARD")
    parser.add_argument("--positions", type=int, default=4096, help="validation positions of each group")
    parser.add_argument("--keep-default", action="store_true", help="the manifest's default stays the net it is")
    args = parser.parse_args()
    calibration, validation = find_groups(args.calibrate), find_groups(args.validate)
    shipped = ship(
        args.source, weights.FOLDER, args.name, calibration, validation, args.positions, not args.keep_default
    )
    for shipment in shipped:
        print(shipment.name, {size: round(speed) for size, speed in shipment.speeds.items()})


if __name__ == "__main__":
    main()
