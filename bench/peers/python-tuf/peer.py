"""Releases done by python-tuf in a resident process: a yardstick of `npm run bench`.

First line of standard input: a JSON object with `directory`, `targets` (how many synthetic targets to begin with),
`bins` (hash bins they lie in; 0 for none), `style` (`flat`, `path_hash_prefixes` or `succinct`) and
`snapshot_entries` (`full` with length and hashes, or `version`). The answer is a JSON line once the repository is there.
Every further line is a release, a JSON list of [file, target path]; the answer is a JSON line with milliseconds and
memory.

A release is as durable as tufline's: copies are fsynced before the metadata that names them is written, and every
metadata file is a temporary file, fsync, rename, fsync of the directory, role after role. Within a role, files are
written side by side and share the fsync of their directory. Only what changed is signed and written.
"""

import gc
import json
import sys
import time

from memory import forget_peak, peak_bytes, resident_bytes
from repository import Repository


def answer(fields: dict) -> None:
    print(json.dumps({**fields, "rss_bytes": resident_bytes(), "peak_bytes": peak_bytes()}), flush=True)


def main() -> None:
    options = json.loads(sys.stdin.readline())
    begun = time.perf_counter()
    gc.disable()
    repository = Repository(options)
    # What is there by now stays; the collector need not walk through it again and again.
    gc.freeze()
    gc.enable()
    forget_peak()
    answer({"setup_ms": (time.perf_counter() - begun) * 1000})
    for line in sys.stdin:
        files = json.loads(line)
        begun = time.perf_counter()
        repository.release(files)
        answer({"ms": (time.perf_counter() - begun) * 1000})


main()
