#!/usr/bin/env python3
"""Tests get-dataset.sh against a server on this machine: transfers that break off, wrong contents, no server."""

import gzip
import hashlib
import http.server
import io
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import zipfile

SCRIPT = pathlib.Path(__file__).resolve().parent / "get-dataset.sh"
DIGITS = SCRIPT.parent.parent / "datasets/digits/digits.csv.gz"


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` (path → bytes). The first transfer of a path in `cut` ends after so many bytes."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cut, self.ranges, self.knows_ranges = {}, {}, [], True
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        content = server.files.get(self.path)
        if content is None:
            return self.send_error(404)
        wanted = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted and server.knows_ranges else 0
        if wanted:
            server.ranges.append((self.path, int(wanted[1])))
        if start >= len(content) > 0:
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = server.cut.pop(self.path, len(content))
        self.wfile.write(content[start:end])

    def log_message(self, *_):
        pass


def run(url, *arguments, script=SCRIPT):
    environment = dict(os.environ, NASBOT_DATASETS_URL=url, NASBOT_DATASETS_PAUSE="0")
    return subprocess.run([script, *arguments], env=environment, capture_output=True, text=True)


def archive(member, text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(member, text)
    return buffer.getvalue()


def casp(rows):
    """What UCI's table looks like: the target first."""
    head = "RMSD," + ",".join(f"F{i}" for i in range(1, 10))
    body = [",".join([f"{i}.5"] + [str(i * k % 1009) for k in range(1, 10)]) for i in range(rows)]
    return "\r\n".join([head, *body]) + "\r\n"


def protein(rows):
    return archive("CASP.csv", casp(rows))


def expecting(rows, folder):
    """A copy of the scripts that takes the table of `casp` for the right one."""
    scripts = folder / "scripts"
    scripts.mkdir(parents=True)
    for name in (SCRIPT.name, "lib.sh", "uci-table.py"):
        shutil.copy(SCRIPT.parent / name, scripts / name)
    table = scripts / "uci-table.py"
    sums = re.findall(r'CASP_SHA256 = "(\w{64})"', table.read_text())
    assert len(sums) == 1, sums
    table.write_text(table.read_text().replace(sums[0], hashlib.sha256(casp(rows).encode()).hexdigest()))
    return scripts / SCRIPT.name


def main():
    server = Server()
    with tempfile.TemporaryDirectory() as folder:
        there = pathlib.Path(folder)
        to = ["--to", folder]
        path = "/protein/physicochemical+properties+of+protein+tertiary+structure.zip"
        table = there / "protein/protein.csv.gz"

        done = run(server.url, *to, "digits")
        assert done.returncode == 0, done.stderr
        assert (there / "digits/digits.csv.gz").read_bytes() == DIGITS.read_bytes()

        # Broken off, it goes on where it stopped.
        server.files[path], server.cut[path] = protein(45730), 100_000
        made_up = expecting(45730, there / "made-up")
        done = run(server.url, *to, "protein", script=made_up)
        assert done.returncode == 0, done.stderr
        assert server.ranges == [(path, 100_000)], server.ranges
        lines = gzip.decompress(table.read_bytes()).decode().splitlines()
        assert len(lines) == 45730 and lines[3] == "3,6,9,12,15,18,21,24,27,3.5", lines[3]
        assert os.listdir(table.parent) == ["protein.csv.gz"]

        # What is there is left alone.
        server.files.clear()
        assert run(server.url, *to, "protein", script=made_up).returncode == 0

        # Killed with a part on the disk: the next run goes on.
        table.unlink()
        server.files[path], server.ranges[:] = protein(45730), []
        (table.parent / "protein.zip.part").write_bytes(server.files[path][:5000])
        assert run(server.url, *to, "protein", script=made_up).returncode == 0
        assert server.ranges == [(path, 5000)], server.ranges

        # Killed when all was there but not yet in its place.
        table.unlink()
        (table.parent / "protein.zip.part").write_bytes(server.files[path])
        done = run(server.url, *to, "protein", script=made_up)
        assert done.returncode == 0 and table.exists(), done.stderr

        # A server that knows no ranges: from the start.
        table.unlink()
        server.cut[path], server.knows_ranges = 100_000, False
        done = run(server.url, *to, "protein", script=made_up)
        assert done.returncode == 0, done.stderr
        server.knows_ranges = True

        # A table of another size is refused, and nothing is left that looks complete.
        table.unlink()
        server.files[path] = protein(10)
        done = run(server.url, *to, "protein", script=expecting(10, there / "short"))
        assert done.returncode != 0 and "10 × 10 cells, not 45730 × 10" in done.stderr, done.stderr
        assert not table.exists()

        # And one of that size whose numbers are others.
        (table.parent / "protein.zip").unlink()
        server.files[path] = protein(45730)
        done = run(server.url, *to, "protein")
        assert done.returncode != 0 and "is not the table that it was" in done.stderr, done.stderr
        assert not os.listdir(table.parent), os.listdir(table.parent)

        # Wrong contents are refused, whichever the kind of checksum, and deleted.
        wrong = b"not what it was"
        for name, file, sum_of in [
            ("mnist", "train-images-idx3-ubyte.gz", hashlib.md5),
            ("cifar10", "cifar-10-binary.tar.gz", hashlib.md5),
            ("indoor", "ujiindoorloc.zip", hashlib.sha256),
        ]:
            server.files[f"/{name}/{file}"] = wrong
            done = run(server.url, *to, name)
            assert done.returncode != 0, name
            assert sum_of(wrong).hexdigest() in done.stderr, done.stderr
            assert not [f for f in os.listdir(there / name) if f.startswith(file[:5])], name

        # Not there; no server; no such name.
        done = run(server.url, *to, "news")
        assert done.returncode != 0 and "could not fetch" in done.stderr, done.stderr
        server.shutdown()
        server.server_close()
        done = run(server.url, *to, "news")
        assert done.returncode != 0 and "is this machine offline?" in done.stderr, done.stderr
        done = run(server.url, *to, "imagenet")
        assert done.returncode != 0 and "no data set 'imagenet'" in done.stderr
    names = {line.split()[0] for line in run(server.url, "--list").stdout.splitlines()}
    assert {"digits", "mnist", "fashion-mnist", "cifar10", "protein", "naval", "indoor"} <= names
    print("get-dataset: all checks passed")


main()
