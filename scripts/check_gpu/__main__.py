"""What a GPU does with the worker of nasbot, part by part; see scripts/check-gpu.sh."""

import argparse
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import card
import parts

PARTS = {"start": parts.start, "throughput": parts.throughput, "equal": parts.equal, "seed": parts.seed, "workers": parts.workers,
         "trouble": parts.trouble, "memory": parts.memory}


class Setting:
    """What every part needs: the programs, the device, sizes, and where rows go."""

    def __init__(self, options, folder):
        self.worker = os.path.join(os.path.abspath(options.bin), "nasbot-worker")
        self.nasbot = os.path.join(os.path.abspath(options.bin), "nasbot")
        self.is_quick, self.as_json = options.quick, options.json == "-"
        self.folder, self.failed = folder, 0
        self.card = card.find()
        self.device = "cuda:0" if self.card else "cpu"

    def size(self, full, quick, processor):
        """A size, which is smallest without a card."""
        if not self.card:
            return processor
        return quick if self.is_quick else full

    def say(self, text):
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def row(self, part, name, good=None, **figures):
        """Prints a row. `good` says whether it is as it must be, if that can be said."""
        self.failed += good is False
        if self.as_json:
            print(json.dumps({"part": part, "row": name, "ok": good, **figures}), flush=True)
        mark = {None: "      ", True: "ok    ", False: "FAULT "}[good]
        shown = ", ".join(f"{key.replace('_', ' ')} {value:.4g}" if isinstance(value, float) else f"{key.replace('_', ' ')} {value}"
                          for key, value in figures.items() if value is not None)
        if not self.as_json:
            print(f"{mark}{part:<11}{name:<34}{shown}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--json", choices=["-"])
    options = parser.parse_args()
    wanted = options.only.split(",")
    for name in wanted:
        if name not in PARTS:
            parser.error(f"there is no part {name}: there are {', '.join(PARTS)}")
    since = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(options, folder)
        setting.say(f"device: {setting.card or 'no GPU here: the parts run on the processor, with smaller sizes'}")
        setting.say(f"PyTorch: {card.pytorch() or 'not in this Python: nothing is compared with it'}")
        for name in wanted:
            try:
                PARTS[name](setting)
            except Exception as error:
                setting.row(name, "the part itself", False, error=f"{type(error).__name__}: {error}")
        setting.row("all", "seconds", seconds=round(time.monotonic() - since, 1), faults=setting.failed)
    return 1 if setting.failed else 0


sys.exit(main())
