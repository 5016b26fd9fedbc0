"""A python-tuf client that stays: answers each line of JSON {dir, repository, paths} with {version, found} or {error}.

It reads the repository from its directory, so that nothing but the client and the files is looked at. What it
knows from before lies in `dir`; `found` is the SHA-256 of every listed target that it downloaded and verified.
"""

import hashlib
import json
import os
import sys
import tempfile

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater


class FileFetcher(FetcherInterface):
    def _fetch(self, url):
        path = url.removeprefix("file://")
        try:
            with open(path, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            raise DownloadHTTPError(f"{path} is not there", 404) from None
        return iter([content])


def refresh(request):
    metadata = os.path.join(request["dir"], "python")
    os.makedirs(metadata, exist_ok=True)
    repository = request["repository"]
    with open(os.path.join(repository, "metadata", "1.root.json"), "rb") as file:
        root = file.read()
    with tempfile.TemporaryDirectory() as targets:
        updater = Updater(
            metadata_dir=metadata,
            metadata_base_url=f"file://{repository}/metadata/",
            target_dir=targets,
            target_base_url=f"file://{repository}/targets/",
            fetcher=FileFetcher(),
            bootstrap=root,
        )
        updater.refresh()
        found = {}
        for path in request["paths"]:
            info = updater.get_targetinfo(path)
            if info is None:
                continue
            local = os.path.join(targets, hashlib.sha256(path.encode()).hexdigest())
            updater.download_target(info, local)
            with open(local, "rb") as file:
                found[path] = hashlib.sha256(file.read()).hexdigest()
    with open(os.path.join(metadata, "timestamp.json"), encoding="utf-8") as file:
        version = json.load(file)["signed"]["version"]
    return {"version": version, "found": found}


for line in sys.stdin:
    try:
        answer = refresh(json.loads(line))
    except Exception as error:  # pylint: disable=broad-except
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
