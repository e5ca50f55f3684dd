"""A fake of the Hugging Face hub in memory, with the HTTP requests that huggingface_hub needs.

    python fake_hub.py [--private] [--data-set USER/NAME=DIRECTORY ...]

prints the address for HF_ENDPOINT (with HF_HUB_DISABLE_XET=1) and serves until it is killed. Reading needs no
token without --private; writing needs the token `hf_writer`; any other token is refused. `GET /_requests`
returns the number of requests.
"""

import argparse
import base64
import hashlib
import json
import re
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WRITER = "hf_writer"
LFS_SUFFIXES = (".safetensors", ".parquet")

Files = dict[str, bytes]


@dataclass
class Repo:
    """Commits of a repository, oldest first: (sha, files)."""

    commits: list[tuple[str, Files]] = field(default_factory=list)

    def commit(self, files: Files) -> str:
        content = [(name, git_oid(data)) for name, data in sorted(files.items())]
        sha = sha1(repr((len(self.commits), content)).encode())
        self.commits.append((sha, files))
        return sha

    def at(self, revision: str) -> tuple[str, Files] | None:
        if revision in ("main", "HEAD") and self.commits:
            return self.commits[-1]
        return next((commit for commit in self.commits if commit[0] == revision), None)


class Hub(ThreadingHTTPServer):
    """The state of the fake: repositories by kind and name, uploaded large files, a count of requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.repos: dict[tuple[str, str], Repo] = {}
        self.large: dict[str, bytes] = {}
        self.private = False
        self.requests = 0
        self.lock = threading.Lock()


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def git_oid(data: bytes) -> str:
    return sha1(b"blob %d\0" % len(data) + data)


def oid(name: str, data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if name.endswith(LFS_SUFFIXES) else git_oid(data)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self._dispatch()

    do_HEAD = do_POST = do_PUT = do_GET

    def _dispatch(self) -> None:
        path, _, _query = self.path.partition("?")
        path = urllib.parse.unquote(path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == "/_requests":
            return self._json({"requests": self.server.requests})
        with self.server.lock:
            self.server.requests += 1
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            writes = self.command in ("POST", "PUT") and "paths-info" not in path and "/lfs/" not in path
            if token not in ("", WRITER) or (writes and token != WRITER):
                return self._error(401, "", "Invalid credentials in Authorization header")
            if self.server.private and token != WRITER and not path.startswith("/lfs/"):
                return self._error(401, "RepoNotFound", "Repository not found")
            for pattern, method in ROUTES:
                found = re.fullmatch(pattern, f"{self.command} {path}")
                if found:
                    method(self, body, **found.groupdict())
                    return None
            return self._error(404, "EntryNotFound", f"fake hub has no {self.command} {path}")

    # Repositories

    def _create(self, body: bytes) -> None:
        wanted = json.loads(body)
        name = f"{wanted['organization']}/{wanted['name']}" if wanted.get("organization") else wanted["name"]
        exists = ("models", name) in self.server.repos
        self.server.repos.setdefault(("models", name), Repo([]))
        url = {"url": f"{self.server.address}/{name}", "name": name}
        if exists:
            return self._json({"error": "You already created this model repo", **url}, 409)
        self.server.repos["models", name].commit({".gitattributes": b"*.safetensors filter=lfs\n"})
        return self._json(url)

    def _info(self, body: bytes, kind: str, name: str, revision: str | None = None) -> None:
        del body
        commit = self._commit(kind, name, revision or "main")
        if commit:
            siblings = [{"rfilename": file} for file in commit[1]]
            self._json({"id": name, "_id": name, "sha": commit[0], "siblings": siblings, "private": False})

    def _tree(self, body: bytes, kind: str, name: str, revision: str, folder: str = "") -> None:
        del body
        commit = self._commit(kind, name, revision)
        if commit:
            inside = {file: data for file, data in commit[1].items() if file.startswith(folder)}
            self._json([self._entry(file, data) for file, data in inside.items()])

    def _paths_info(self, body: bytes, kind: str, name: str, revision: str) -> None:
        commit = self._commit(kind, name, revision)
        if commit:
            decoded = body.decode()
            requested = (
                json.loads(decoded)["paths"]
                if decoded.startswith("{")
                else urllib.parse.parse_qs(decoded).get("paths", [])
            )
            requested = [requested] if isinstance(requested, str) else requested
            self._json([self._entry(file, commit[1][file]) for file in requested if file in commit[1]])

    def _entry(self, file: str, data: bytes) -> dict[str, object]:
        entry: dict[str, object] = {"type": "file", "path": file, "size": len(data), "oid": git_oid(data)}
        if file.endswith(LFS_SUFFIXES):
            entry["lfs"] = {"oid": oid(file, data), "size": len(data), "pointerSize": 134}
        return entry

    def _resolve(self, body: bytes, name: str, revision: str, file: str, kind: str = "models") -> None:
        del body
        commit = self._commit((kind or "models").strip("/"), name, revision)
        if not commit:
            return None
        if file not in commit[1]:
            return self._error(404, "EntryNotFound", "Entry not found", {"X-Repo-Commit": commit[0]})
        data = commit[1][file]
        headers = {
            "ETag": f'"{oid(file, data)}"',
            "X-Repo-Commit": commit[0],
            "X-Linked-Size": str(len(data)),
        }
        return self._send(200, data, "application/octet-stream", headers)

    # Publishing

    def _validate(self, body: bytes) -> None:
        del body
        self._json({"errors": [], "warnings": []})

    def _preupload(self, body: bytes, name: str, revision: str) -> None:
        commit = self._commit("models", name, revision)
        if commit:
            files = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(LFS_SUFFIXES) else "regular",
                    "shouldIgnore": False,
                    "oid": oid(file["path"], commit[1][file["path"]]) if file["path"] in commit[1] else None,
                }
                for file in json.loads(body)["files"]
            ]
            self._json({"files": files})

    def _lfs_batch(self, body: bytes, name: str) -> None:
        del name
        objects = [
            {**wanted, "actions": {"upload": {"href": f"{self.server.address}/lfs/{wanted['oid']}"}}}
            for wanted in json.loads(body)["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def _lfs_put(self, body: bytes, sha256: str) -> None:
        self.server.large[sha256] = body
        self._send(200, b"")

    def _commit_files(self, body: bytes, name: str, revision: str) -> None:
        commit = self._commit("models", name, revision)
        if not commit:
            return
        files = dict(commit[1])
        for line in body.decode().splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self.server.large[value["oid"]]
            elif operation["key"] == "deletedFile":
                del files[value["path"]]
        sha = self.server.repos["models", name].commit(files)
        url = f"{self.server.address}/{name}/commit/{sha}"
        self._json({"success": True, "commitOid": sha, "commitUrl": url, "hookOutput": ""})

    # Answers

    def _commit(self, kind: str, name: str, revision: str) -> tuple[str, Files] | None:
        repo = self.server.repos.get((kind, name))
        if repo is None:
            self._error(404, "RepoNotFound", "Repository not found")
            return None
        commit = repo.at(revision)
        if commit is None:
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit

    def _error(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        codes = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})}
        self._send(status, json.dumps({"error": message}).encode(), headers={**codes, **(headers or {})})

    def _json(self, content: object, status: int = 200) -> None:
        self._send(status, json.dumps(content).encode())

    def _send(
        self, status: int, data: bytes, kind: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


_NAME = r"(?P<name>[^/]+/[^/]+)"
_KIND = r"/api/(?P<kind>models|datasets)/" + _NAME
ROUTES: list[tuple[str, Callable[..., None]]] = [
    (r"POST /api/repos/create", Handler._create),
    (r"POST /api/validate-yaml", Handler._validate),
    (rf"POST /api/models/{_NAME}/preupload/(?P<revision>[^/]+)", Handler._preupload),
    (rf"POST /api/models/{_NAME}/commit/(?P<revision>[^/]+)", Handler._commit_files),
    (rf"POST /{_NAME}\.git/info/lfs/objects/batch", Handler._lfs_batch),
    (r"PUT /lfs/(?P<sha256>[0-9a-f]{64})", Handler._lfs_put),
    (rf"GET {_KIND}", Handler._info),
    (rf"GET {_KIND}/revision/(?P<revision>[^/]+)", Handler._info),
    (rf"GET {_KIND}/tree/(?P<revision>[^/]+)/?(?P<folder>.*)", Handler._tree),
    (rf"POST {_KIND}/paths-info/(?P<revision>[^/]+)", Handler._paths_info),
    (
        rf"(?:GET|HEAD) /(?P<kind>datasets/)?{_NAME}/resolve/(?P<revision>[^/]+)/(?P<file>.+)",
        Handler._resolve,
    ),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-set", action="append", default=[], metavar="USER/NAME=DIRECTORY")
    parser.add_argument("--private", action="store_true")
    options = parser.parse_args()
    hub = Hub()
    hub.private = options.private
    for given in options.data_set:
        name, _, directory = given.partition("=")
        files = {path.name: path.read_bytes() for path in Path(directory).iterdir() if path.is_file()}
        hub.repos["datasets", name] = Repo()
        hub.repos["datasets", name].commit(files)
    print(hub.address, flush=True)
    hub.serve_forever()


if __name__ == "__main__":
    main()
