"""The card of this machine, by NVIDIA's own tool, and the PyTorch of this Python."""

import functools
import os
import shutil
import subprocess


def query(what):
    """A figure of the first card, by nvidia-smi."""
    command = ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader,nounits", "--id=0"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


@functools.cache
def find():
    """The name of the card, its memory and driver; nothing where there is none."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1", "NoDevFiles") or not shutil.which("nvidia-smi"):
        return None
    try:
        name, memory, driver = query("name,memory.total,driver_version").split(", ")
    except (subprocess.SubprocessError, ValueError):
        return None
    return f"{name}, {int(memory) / 1024:.0f} GiB, driver {driver}"


def used():
    """MiB of the card that are in use, by whatever it is."""
    return int(query("memory.used"))


@functools.cache
def pytorch():
    """The version of PyTorch in this Python."""
    try:
        import torch
    except ImportError:
        return None
    return torch.__version__
