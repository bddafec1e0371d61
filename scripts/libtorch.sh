#!/usr/bin/env bash
# Finds libtorch 2.11 or fetches it, and prints the exports that cargo needs to build the worker:
#
#     eval "$(scripts/libtorch.sh)"
#
# Order: LIBTORCH if set; a Python whose torch is 2.11.x; the cache; otherwise it is fetched once from
# PyPI into ${XDG_CACHE_HOME:-~/.cache}/nasbot. With an NVIDIA driver that is the whole of torch
# (2.7 GB to fetch, 4.7 GB on disk); without one only its CPU libraries (544 MB to fetch, 0.5 GB on disk).
# Can be run again, and interrupted, at any time: a folder gets its name only once it is complete.
#
#     --kind cpu|cuda   overrides what the presence of a driver suggests
#     --fetch           ignores LIBTORCH and Python, only the cache counts
#     --help            this text
#
# Exports go to standard output, everything meant for a person to standard error.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

TORCH=2.11.0
CUDA_RUNTIME=13.0.96
CUDA_CUPTI=13.0.85

say() { printf 'libtorch: %s\n' "$*" >&2; }
# In place of lib.sh's, for its functions too: `exit` would end only this script when it is run inside $( ), `false` on
# standard output fails the eval as well.
die() { say "error: $*"; echo 'false # libtorch.sh failed, see above'; exit 1; }

kind=auto fetch_only=no
while [ $# -gt 0 ]; do
  case "$1" in
    --kind) kind="${2:-}"; shift ;;
    --fetch) fetch_only=yes ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 0 ;;
    *) die "unknown argument '$1'; see --help" ;;
  esac
  shift
done
case "$kind" in
  auto) if [ -e /proc/driver/nvidia/version ] || { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; }; then
          kind=cuda
        else
          kind=cpu
        fi ;;
  cpu | cuda) ;;
  *) die "--kind must be cpu or cuda, not '$kind'" ;;
esac

# torch-sys asks `python` inside a virtual environment and `python3` elsewhere; so do we.
if [ -n "${VIRTUAL_ENV:-}" ]; then python=python; else python=python3; fi

# --- What the machine must have -----------------------------------------------------------------------
need_packages c++=g++

# --- 1. LIBTORCH --------------------------------------------------------------------------------------
use() { # folder what
  say "using $2: $1"
  printf 'export LIBTORCH=%q\nunset LIBTORCH_USE_PYTORCH\n' "$1"
  # A point release other than the one that torch-sys names is compatible, but refused unless told.
  if [ -r "$1/build-version" ] && grep -q '^2\.11\.[1-9]' "$1/build-version"; then
    echo 'export LIBTORCH_BYPASS_VERSION_CHECK=1'
  fi
  exit 0
}
if [ "$fetch_only" = no ] && [ -n "${LIBTORCH:-}" ]; then
  [ -e "$LIBTORCH/lib/libtorch_cpu.so" ] && [ -d "$LIBTORCH/include/torch" ] \
    || die "LIBTORCH is set to '$LIBTORCH', which has no lib/libtorch_cpu.so or no include/torch; correct it or unset it"
  use "$LIBTORCH" "the libtorch that LIBTORCH names"
fi

# --- 2. A Python that has torch 2.11 ------------------------------------------------------------------
if [ "$fetch_only" = no ] && command -v "$python" >/dev/null; then
  if version="$("$python" -c 'import torch, torch.utils.cpp_extension; print(torch.__version__)' 2>/dev/null)"; then
    case "$version" in
      2.11.*)
        say "using the torch $version of $(command -v "$python")"
        echo 'unset LIBTORCH'
        echo 'export LIBTORCH_USE_PYTORCH=1'
        case "$version" in "$TORCH" | "$TORCH"+*) ;; *) echo 'export LIBTORCH_BYPASS_VERSION_CHECK=1' ;; esac
        exit 0 ;;
      *) say "the torch of $(command -v "$python") is $version, not 2.11: not used" ;;
    esac
  fi
fi

# --- 3. The cache -------------------------------------------------------------------------------------
full="$cache/libtorch-$TORCH-cuda" slim="$cache/libtorch-$TORCH-cpu"
use_cached() {
  [ -e "$full/complete" ] && use "$full/torch" "the cached libtorch $TORCH with CUDA"
  if [ "$kind" = cpu ] && [ -e "$slim/complete" ]; then use "$slim" "the cached CPU libraries of libtorch $TORCH"; fi
  return 0
}
use_cached

# --- 4. Fetch -----------------------------------------------------------------------------------------
"$python" -m pip --version >/dev/null 2>&1 || need_packages python3=python3 pip3=python3-pip
mkdir -p "$cache" || die "cannot create the cache folder $cache; set XDG_CACHE_HOME to a folder that can be written"

# One fetch at a time; whoever waited finds the result of the other.
if command -v flock >/dev/null; then
  exec 9>"$cache/libtorch.lock"
  flock -n 9 || { say "another run is fetching libtorch: waiting for it"; flock 9; }
  use_cached
  # What a killed run left behind: nobody else is at work while we hold the lock.
  rm -rf "$cache"/fetching.*
fi
need_mb() { # megabytes
  local free
  free="$(df -Pm "$cache" | awk 'NR == 2 { print $4 }')"
  [ "$free" -ge "$1" ] || die "$cache has $free MB free, $1 MB are needed; make room, or set XDG_CACHE_HOME to a larger disk"
}

work="$(mktemp -d "$cache/fetching.XXXXXX")"
trap 'rm -rf "$work"' EXIT
trap 'say "interrupted: nothing is left behind, run it again at any time"; exit 130' INT TERM HUP
export PIP_DISABLE_PIP_VERSION_CHECK=1
pip_failed="pip failed, see above. Is PyPI reachable? Behind a mirror set PIP_INDEX_URL; or install torch $TORCH yourself and set LIBTORCH to its folder"

if [ "$kind" = cuda ]; then
  need_mb 8000
  say "an NVIDIA driver is present: fetching torch $TORCH with CUDA, 2.7 GB, once, into $full"
  "$python" -m pip install --quiet --no-warn-script-location --target "$work/made" "torch==$TORCH" >&2 || die "$pip_failed"
  [ -e "$work/made/torch/lib/libtorch_cuda.so" ] || die "the wheel that pip chose has no libtorch_cuda.so; pass --kind cpu to do without CUDA"
  made="$full" result="$full/torch"
else
  need_mb 1300
  say "no NVIDIA driver: fetching the CPU libraries of torch $TORCH, 544 MB, once, into $slim"
  # A fixed Python version, since only the C++ part is wanted: this works with whatever python3 there is.
  "$python" -m pip download --quiet --no-deps --no-cache-dir --dest "$work/wheels" --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 --abi none --abi abi3 \
    --platform "manylinux_2_28_$(uname -m)" --platform "manylinux_2_25_$(uname -m)" \
    --platform "manylinux_2_17_$(uname -m)" --platform "manylinux2014_$(uname -m)" \
    "torch==$TORCH" "nvidia-cuda-runtime==$CUDA_RUNTIME" "nvidia-cuda-cupti==$CUDA_CUPTI" >&2 || die "$pip_failed"
  say "unpacking headers and CPU libraries, leaving the rest (0.5 GB)"
  "$python" "$repo/scripts/unpack-torch.py" "$work/wheels" "$work/made" "$TORCH" >&2 || die "the wheels could not be unpacked, see above; run this again"
  made="$slim" result="$slim"
fi
touch "$work/made/complete"
rm -rf "$made"
mv -T "$work/made" "$made" || die "could not move the finished folder to $made"
use "$result" "libtorch $TORCH, just fetched"
