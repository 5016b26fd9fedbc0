"""Downloads targets with python-tuf, from nothing but a root, and prints one line of JSON.

The drivers of all clients take the same options: --metadata-url --targets-url --root --dir --paths
"""

import argparse
import json
import os
import sys

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient import Updater


def main() -> None:
    parser = argparse.ArgumentParser()
    for option in ("metadata-url", "targets-url", "root", "dir", "paths"):
        parser.add_argument(f"--{option}", required=True)
    options = parser.parse_args()

    metadata = os.path.join(options.dir, "metadata")
    targets = os.path.join(options.dir, "targets")
    os.makedirs(metadata, exist_ok=True)
    with open(options.root, "rb") as file:
        root = file.read()
    with open(options.paths, encoding="utf-8") as file:
        paths = [line for line in file.read().split("\n") if line]

    updater = Updater(
        metadata_dir=metadata,
        metadata_base_url=options.metadata_url.rstrip("/") + "/",
        target_dir=targets,
        target_base_url=options.targets_url.rstrip("/") + "/",
        bootstrap=root,
    )
    updater.refresh()
    for path in paths:
        info = updater.get_targetinfo(path)
        if info is None:
            sys.exit(f"python-tuf: {path} is not listed")
        local = os.path.join(targets, path)
        os.makedirs(os.path.dirname(local), exist_ok=True)
        updater.download_target(info, local)
    with open(os.path.join(metadata, "timestamp.json"), encoding="utf-8") as file:
        version = json.load(file)["signed"]["version"]
    print(json.dumps({"version": version, "downloaded": len(paths)}))


try:
    main()
except (DownloadError, RepositoryError) as error:
    sys.exit(f"python-tuf: {error}")
