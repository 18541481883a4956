"""Files: what goes in comes out, as whom, and what is said when it cannot."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local.execd.daemons import Daemon

as_root = pytest.mark.skipif(os.getuid() != 0, reason="acting for other users needs root")


@pytest.fixture
def folder(daemon: Daemon, request: pytest.FixtureRequest) -> Path:
    """A folder of the test's own, inside the daemon's."""
    path: Path = daemon.files / str(abs(hash(request.node.nodeid)))
    path.mkdir()
    return path


def part(metadata: object, content: bytes) -> list[tuple[str, tuple[str, bytes, str]]]:
    """One file of an upload."""
    described = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
    return [
        ("metadata", ("metadata", described, "application/json")),
        ("file", ("file", content, "application/octet-stream")),
    ]


def upload(daemon: Daemon, metadata: object, content: bytes, prefix: str = "") -> httpx.Response:
    """Uploads one file."""
    return daemon.client.post(prefix + "/files/upload", files=part(metadata, content))


def test_what_is_uploaded_is_downloaded(daemon: Daemon, folder: Path) -> None:
    content = bytes(range(256)) * 5000 + b"\r\n--boundary\r\n"
    path = str(folder / "new" / "deep" / "file \u00e9")
    assert upload(daemon, {"path": path, "mode": 640}, content).status_code == 200
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
    answer = daemon.client.get("/files/download", params={"path": path})
    assert answer.content == content
    assert answer.headers["content-disposition"].endswith("file%20%C3%A9")


def test_several_files_go_in_one_request(daemon: Daemon, folder: Path) -> None:
    files = part({"path": f"{folder}/a"}, b"one") + part({"path": f"{folder}/b"}, b"")
    assert daemon.client.post("/files/upload", files=files).status_code == 200
    assert (folder / "a").read_bytes() == b"one"
    assert (folder / "b").read_bytes() == b""


def test_an_upload_over_a_file_keeps_its_mode_and_follows_a_link(
    daemon: Daemon, folder: Path
) -> None:
    (folder / "target").write_text("old")
    (folder / "target").chmod(0o700)
    (folder / "link").symlink_to("target")
    assert upload(daemon, {"path": f"{folder}/link"}, b"new").status_code == 200
    assert (folder / "link").is_symlink()
    assert (folder / "target").read_text() == "new"
    assert stat.S_IMODE((folder / "target").stat().st_mode) == 0o700
    assert sorted(os.listdir(folder)) == ["link", "target"]


def test_a_large_upload_and_download_cost_no_memory(daemon: Daemon, folder: Path) -> None:
    size = 200 * 1024 * 1024
    piece = b"x" * (1024 * 1024)
    boundary = "thirty-odd-characters-of-boundary"
    begin = (
        f'--{boundary}\r\ncontent-disposition: form-data; name="metadata"; filename="metadata"'
        f'\r\n\r\n{{"path": "{folder}/large"}}\r\n--{boundary}\r\n'
        'content-disposition: form-data; name="file"; filename="file"\r\n\r\n'
    ).encode()
    end = f"\r\n--{boundary}--\r\n".encode()
    most = 0

    def body() -> Iterator[bytes]:
        nonlocal most
        yield begin
        for _ in range(size // len(piece)):
            most = max(most, daemon.memory())
            yield piece
        yield end

    upload(daemon, {"path": f"{folder}/small"}, b"small")
    before = daemon.memory()
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
    answer = daemon.client.post("/files/upload", content=body(), headers=kind)
    assert answer.status_code == 200, answer.text
    assert os.stat(folder / "large").st_size == size
    received = 0
    with daemon.client.stream(
        "GET", "/files/download", params={"path": f"{folder}/large"}
    ) as response:
        for data in response.iter_raw():
            received += len(data)
            most = max(most, daemon.memory()) if received % 97 == 0 else most
    assert received == size
    assert most - before < 24 * 1024 * 1024
    (folder / "large").unlink()


def test_an_upload_that_breaks_off_leaves_what_was_there(daemon: Daemon, folder: Path) -> None:
    (folder / "file").write_text("old")
    boundary = "b"
    body = (
        f'--{boundary}\r\ncontent-disposition: form-data; name="metadata"\r\n\r\n'
        f'{{"path": "{folder}/file"}}\r\n--{boundary}\r\n'
        'content-disposition: form-data; name="file"; filename="f"\r\n\r\nhalf of it'
    )
    kind = {"content-type": "multipart/form-data; boundary=b"}
    answer = daemon.client.post("/files/upload", content=body, headers=kind)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST_BODY")
    assert os.listdir(folder) == ["file"]
    assert (folder / "file").read_text() == "old"


@pytest.mark.parametrize(
    "metadata",
    [
        b"{",
        b"[]",
        {},
        {"path": ""},
        {"path": 5},
        {"path": "/tmp/a\0b"},
        {"path": "/tmp/x", "mode": 688},
        {"path": "/tmp/x", "mode": "644"},
        {"path": "/tmp/x", "owner": 5},
        b'{"path": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_metadata_that_makes_no_sense_is_refused(daemon: Daemon, metadata: object) -> None:
    answer = upload(daemon, metadata, b"x")
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_FILE_METADATA")


def test_an_upload_that_is_not_multipart_is_refused(daemon: Daemon) -> None:
    assert daemon.client.post("/files/upload", content=b"x").status_code == 400
    kind = {"content-type": "multipart/form-data; boundary=b"}
    assert daemon.client.post("/files/upload", content=b"junk", headers=kind).status_code == 400


def test_an_upload_over_a_directory_or_a_full_disk_says_so(daemon: Daemon, folder: Path) -> None:
    answer = upload(daemon, {"path": str(folder)}, b"x")
    assert (answer.status_code, answer.json()["code"]) == (500, "RUNTIME_ERROR")
    assert "is a directory" in answer.json()["message"]
    full = upload(daemon, {"path": "/dev/full"}, b"x")
    assert (full.status_code, full.json()["code"]) == (500, "RUNTIME_ERROR")
    assert "no space left on device" in full.json()["message"]


@pytest.mark.parametrize(
    ("wanted", "status", "content"),
    [
        ("bytes=0-1", 206, b"01"),
        ("bytes=2-", 206, b"23456789"),
        ("bytes=-3", 206, b"789"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=10-", 416, b"invalid range: failed to overlap\n"),
        ("bytes=5-4", 416, b"invalid range: failed to overlap\n"),
        ("bytes=x", 416, b"invalid range\n"),
    ],
)
def test_a_range_of_bytes(
    daemon: Daemon, folder: Path, wanted: str, status: int, content: bytes
) -> None:
    (folder / "digits").write_bytes(b"0123456789")
    answer = daemon.client.get(
        "/files/download", params={"path": f"{folder}/digits"}, headers={"Range": wanted}
    )
    assert (answer.status_code, answer.content) == (status, content)


@pytest.mark.parametrize(
    ("content", "params", "lines"),
    [
        ("1\n2\n3\n4\n", {"offset": 2, "limit": 2}, "2\n3"),
        ("1\n2\n3\n", {"offset": 3}, "3"),
        ("1\n2\n3", {"offset": 2}, "2\n3"),
        ("1\n2\n3\n", {"limit": 1}, "1"),
        ("1\n2\n3\n", {"limit": 99}, "1\n2\n3"),
        ("1\n2\n3\n", {"offset": 9, "limit": 1}, ""),
        ("", {"limit": 1}, ""),
        ("\n\n\n", {"offset": 2, "limit": 1}, ""),
    ],
)
def test_some_lines_of_a_file(
    daemon: Daemon, folder: Path, content: str, params: dict[str, int], lines: str
) -> None:
    (folder / "lines").write_text(content)
    answer = daemon.client.get("/files/download", params={"path": f"{folder}/lines", **params})
    assert (answer.text, answer.headers["content-type"]) == (lines, "text/plain; charset=utf-8")


def test_a_directory_is_not_downloaded(daemon: Daemon, folder: Path) -> None:
    answer = daemon.client.get("/files/download", params={"path": str(folder)})
    assert answer.status_code == 500
    assert "is a directory" in answer.json()["message"]


@pytest.mark.parametrize("params", [{}, {"limit": 1}], ids=["bytes", "lines"])
@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_what_has_no_end_is_neither_read_nor_replaced(
    daemon: Daemon, folder: Path, kind: str, params: dict[str, int]
) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "device").symlink_to("/dev/zero")
    path = f"{folder}/{kind}"
    read = daemon.client.get("/files/download", params={"path": path, **params})
    replaced = daemon.client.post("/files/replace", json={path: {"old": "a", "new": "b"}})
    for answer in (read, replaced):
        assert answer.status_code == 500
        assert "no ordinary file" in answer.json()["message"]


def test_info_tells_a_link_from_what_it_leads_to(daemon: Daemon, folder: Path) -> None:
    (folder / "file").write_text("abc")
    (folder / "link").symlink_to("file")
    paths = [f"{folder}/file", f"{folder}/link", str(folder)]
    answer = daemon.client.get("/files/info", params=[("path", path) for path in paths]).json()
    assert [answer[path]["type"] for path in paths] == ["file", "symlink", "directory"]
    assert answer[paths[0]]["size"] == 3


def test_a_mode_is_digits_and_a_wrong_digit_is_refused(daemon: Daemon, folder: Path) -> None:
    (folder / "file").touch()
    change = daemon.client.post("/files/permissions", json={f"{folder}/file": {"mode": 4751}})
    assert change.status_code == 200
    assert stat.S_IMODE((folder / "file").stat().st_mode) == 0o4751
    wrong = daemon.client.post("/files/permissions", json={f"{folder}/file": {"mode": 888}})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "INVALID_REQUEST_BODY")


def test_moving_makes_the_way_and_replaces_files(daemon: Daemon, folder: Path) -> None:
    (folder / "a").write_text("a")
    (folder / "b").write_text("b")
    moves = [
        {"src": f"{folder}/a", "dest": f"{folder}/b"},
        {"src": f"{folder}/b", "dest": f"{folder}/new/c"},
    ]
    assert daemon.client.post("/files/mv", json=moves).status_code == 200
    assert (folder / "new" / "c").read_text() == "a"


def test_replacing_counts_and_keeps_the_rest_as_it_is(daemon: Daemon, folder: Path) -> None:
    (folder / "file").write_bytes(b"\xffone two one\r\n")
    body = {f"{folder}/file": {"old": "one", "new": "\u00e9"}}
    answer = daemon.client.post("/files/replace", params={"verbose": "true"}, json=body)
    assert answer.json() == {f"{folder}/file": {"replacedCount": 2}}
    assert (folder / "file").read_bytes() == b"\xff\xc3\xa9 two \xc3\xa9\r\n"
    empty = daemon.client.post("/files/replace", json={f"{folder}/file": {"old": "", "new": "x"}})
    assert empty.status_code == 400


def test_deleting_is_done_when_it_is_gone(daemon: Daemon, folder: Path) -> None:
    (folder / "d" / "e").mkdir(parents=True)
    (folder / "d" / "link").symlink_to("/etc")
    paths = {"path": [f"{folder}/d", f"{folder}/never"]}
    assert daemon.client.request("DELETE", "/directories", params=paths).status_code == 200
    assert not (folder / "d").exists()
    assert daemon.client.request("DELETE", "/files", params=paths).status_code == 200


def test_searching_matches_paths_and_names(daemon: Daemon, folder: Path) -> None:
    for name in ("a.txt", "b.py", "sub/c.txt", "sub/deep/d.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()

    def found(pattern: str) -> list[str]:
        answer = daemon.client.get(
            "/files/search", params={"path": str(folder), "pattern": pattern}
        )
        return [item["path"].removeprefix(f"{folder}/") for item in answer.json()]

    assert found("*.txt") == ["a.txt", "sub/c.txt", "sub/deep/d.txt"]
    assert found("sub/*.txt") == ["sub/c.txt"]
    assert found("sub/**") == ["sub/c.txt", "sub/deep/d.txt"]
    assert found("*.{py,rs}") == ["b.py"]
    assert found("**") == ["a.txt", "b.py", "sub/c.txt", "sub/deep/d.txt"]


@as_root
def test_files_are_reached_as_the_user_in_the_path(daemon: Daemon, folder: Path) -> None:
    folder.chmod(0o777)
    (folder / "secret").write_text("root's")
    (folder / "secret").chmod(0o600)
    prefix = "/v1/filesystem/12345/54321"
    assert upload(daemon, {"path": f"{folder}/mine"}, b"x", prefix).status_code == 200
    made = (folder / "mine").stat()
    assert (made.st_uid, made.st_gid) == (12345, 54321)
    for answer in (
        daemon.client.get(f"{prefix}/files/download", params={"path": f"{folder}/secret"}),
        upload(daemon, {"path": "/etc/execd-test"}, b"x", prefix),
        daemon.client.post(f"{prefix}/files/permissions", json={f"{folder}/secret": {"mode": 777}}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (500, "RUNTIME_ERROR")
        assert "not permitted" in answer.text or "denied" in answer.text
    assert not os.path.exists("/etc/execd-test")


@as_root
def test_acting_as_another_changes_nobody_else(daemon: Daemon, folder: Path) -> None:
    (folder / "secret").write_text("root's")
    (folder / "secret").chmod(0o600)
    path = {"path": f"{folder}/secret"}
    for _ in range(8):
        other = daemon.client.get("/v1/filesystem/12345/54321/files/download", params=path)
        assert other.status_code == 500
        assert daemon.client.get("/files/download", params=path).text == "root's"
    folder.chmod(0o775)
    group = daemon.client.post(
        f"/v1/filesystem/12345/{os.getgid()}/directories", json={f"{folder}/made": {}}
    )
    assert group.status_code == 200, "the group alone allows it"
    denied = daemon.client.post(
        "/v1/filesystem/12345/54321/directories", json={f"{folder}/other": {}}
    )
    assert denied.status_code == 500, "none of the daemon's own groups is left"


@as_root
def test_a_file_in_someone_elses_directory_is_written_in_place(
    daemon: Daemon, folder: Path
) -> None:
    (folder / "theirs").write_text("old and long")
    os.chown(folder / "theirs", 12345, 54321)
    before = (folder / "theirs").stat().st_ino
    answer = upload(daemon, {"path": f"{folder}/theirs"}, b"new", "/v1/filesystem/12345/54321")
    assert answer.status_code == 200, answer.text
    assert (folder / "theirs").read_text() == "new"
    assert (folder / "theirs").stat().st_ino == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/files/permissions", []),
        ("POST", "/files/permissions", {"/x": 5}),
        ("POST", "/files/mv", {}),
        ("POST", "/files/mv", [{"src": "/x"}]),
        ("POST", "/files/mv", ["x"]),
        ("POST", "/files/replace", {"/x": {"old": "a"}}),
        ("POST", "/files/replace", {"": {"old": "a", "new": "b"}}),
        ("POST", "/directories", {"/x\0": {}}),
        ("GET", "/directories/list?path=/&depth=0", None),
        ("GET", "/directories/list?path=/&depth=x", None),
        ("GET", "/files/download?path=/etc/passwd&offset=-1", None),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    daemon: Daemon, method: str, path: str, body: Any
) -> None:
    answer = daemon.client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST_BODY")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/files/info"),
        ("GET", "/files/search"),
        ("GET", "/files/download"),
        ("GET", "/directories/list"),
        ("DELETE", "/files"),
        ("DELETE", "/directories"),
    ],
)
def test_a_missing_path_is_named(daemon: Daemon, method: str, path: str) -> None:
    answer = daemon.client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (400, "MISSING_QUERY")
