"""What the templates make of the generator: light imports, lenient reading, exact paths."""

from __future__ import annotations

import datetime
import subprocess
import sys
from typing import Any

import httpx
import pytest

from opensandbox_api.egress.models import BearerCredentialAuth, CredentialBinding
from opensandbox_api.execd.api.command import get_command_status
from opensandbox_api.execd.api.filesystem import (
    get_files_info,
    replace_contents,
    search_files,
    set_permissions,
)
from opensandbox_api.execd.models import (
    CommandStatusResponse,
    FileInfo,
    Permission,
    PermissionByPath,
    ReplaceFileContentItem,
    ReplacementByPath,
)
from opensandbox_api.lifecycle.api.sandboxes import (
    create_sandbox,
    delete_sandbox,
    get_sandbox,
    list_sandboxes,
    patch_sandbox_metadata,
    renew_sandbox_expiration,
)
from opensandbox_api.lifecycle.api.snapshots import create_snapshot
from opensandbox_api.lifecycle.models import (
    CreateSandboxRequest,
    Endpoint,
    ImageSpec,
    ImageSpecAuth,
    RenewSandboxExpirationRequest,
    Sandbox,
)
from opensandbox_api.types import UNSET, format_datetime, parse_datetime

SANDBOX = {
    "id": "s-1",
    "status": {"state": "Running"},
    "entrypoint": ["tail"],
    "createdAt": "2026-11-22T21:43:27.030007Z",
}
FILE = {
    "path": "/tmp/a",
    "type": "file",
    "size": 3,
    "modified_at": "2026-11-22T21:43:53.614679542Z",
    "created_at": "2026-11-22T21:43:53.614679542Z",
    "owner": "root",
    "group": "root",
    "mode": 644,
}


class Server:
    """Answers every request the same way, and keeps the last one."""

    def __init__(self, status: int = 200, json: Any = None, content: bytes | None = None) -> None:
        self.answer = (
            httpx.Response(status, content=content)
            if content is not None
            else httpx.Response(status, json=json)
        )
        self.request = httpx.Request("GET", "http://nowhere")
        self.client = httpx.Client(
            transport=httpx.MockTransport(self.handle), base_url="http://server/v1"
        )

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        return self.answer


class TestReading:
    def test_what_is_null_is_absent(self) -> None:
        nothing = ("expiresAt", "image", "platform", "metadata", "extensions", "snapshotId")
        sandbox = Sandbox.from_dict(SANDBOX | dict.fromkeys(nothing))
        assert sandbox == Sandbox.from_dict(SANDBOX)
        assert sandbox.expires_at is UNSET
        assert not sandbox.image

    def test_null_where_the_document_allows_it_stays_null(self) -> None:
        status = CommandStatusResponse.from_dict({"exit_code": None, "finished_at": None})
        assert status.exit_code is None
        assert status.finished_at is None
        assert CommandStatusResponse.from_dict({}).exit_code is UNSET

    def test_a_list_that_is_null_or_missing_is_empty(self) -> None:
        assert Sandbox.from_dict(SANDBOX | {"entrypoint": None}).entrypoint == []
        without = {key: value for key, value in SANDBOX.items() if key != "entrypoint"}
        assert Sandbox.from_dict(without).entrypoint == []

    def test_values_of_enums_that_nobody_knows_yet_pass_through(self) -> None:
        platform = {"os": "plan9", "arch": "riscv64"}
        sandbox = Sandbox.from_dict(SANDBOX | {"status": {"state": "Dozing"}, "platform": platform})
        assert sandbox.status.state == "Dozing"
        assert sandbox.platform
        assert sandbox.platform.os == "plan9"
        assert FileInfo.from_dict(FILE | {"type": "socket"}).type_ == "socket"

    def test_keys_that_nobody_knows_yet_are_kept(self) -> None:
        sandbox = Sandbox.from_dict(SANDBOX | {"mood": "good"})
        assert sandbox.additional_properties == {"mood": "good"}
        assert sandbox.to_dict()["mood"] == "good"

    def test_what_is_required_is_required(self) -> None:
        with pytest.raises(KeyError, match="id"):
            Sandbox.from_dict({key: value for key, value in SANDBOX.items() if key != "id"})

    def test_maps_are_dicts(self) -> None:
        sandbox = Sandbox.from_dict(SANDBOX | {"metadata": {"team": "wire"}})
        assert sandbox.metadata == {"team": "wire"}

    def test_reading_leaves_the_answer_alone(self) -> None:
        answer = dict(FILE)
        FileInfo.from_dict(answer)
        assert answer == FILE

    def test_a_member_of_a_union_is_told_by_its_type(self) -> None:
        binding = CredentialBinding.from_dict(
            {
                "name": "b",
                "match": {"hosts": ["pypi.org"]},
                "auth": {"type": "bearer", "credential": "c"},
            }
        )
        assert binding.auth == BearerCredentialAuth(type_="bearer", credential="c")

    @pytest.mark.parametrize("model", [Sandbox.from_dict(SANDBOX), FileInfo.from_dict(FILE)])
    def test_writing_and_reading_again_gives_the_same(self, model: Sandbox | FileInfo) -> None:
        assert type(model).from_dict(model.to_dict()) == model

    def test_secrets_are_not_shown(self) -> None:
        image = ImageSpec(uri="x", auth=ImageSpecAuth(username="me", password="hunter2"))
        endpoint = Endpoint(endpoint="h:1", headers={"X-EXECD-ACCESS-TOKEN": "hunter2"})
        assert "hunter2" not in repr(image)
        assert "hunter2" not in repr(endpoint)


class TestTimestamps:
    @pytest.mark.parametrize(
        ("text", "microsecond"),
        [
            ("2026-11-22T21:43:44Z", 0),
            ("2026-11-22T21:43:44.5Z", 500_000),
            ("2026-11-22T21:43:44.474345Z", 474_345),
            ("2026-11-22T21:43:44.474345782Z", 474_345),
            ("2026-11-22T22:43:44.474345+01:00", 474_345),
            ("2026-11-22t21:43:44z", 0),
            ("2026-11-22T21:43:44", 0),
        ],
    )
    def test_forms_that_servers_write(self, text: str, microsecond: int) -> None:
        moment = parse_datetime(text)
        assert moment == datetime.datetime(
            2026, 11, 22, 21, 43, 44, microsecond, tzinfo=datetime.UTC
        )

    def test_what_is_no_timestamp_is_refused(self) -> None:
        with pytest.raises(ValueError, match="soon"):
            parse_datetime("soon")

    def test_they_are_written_in_utc(self) -> None:
        zone = datetime.timezone(datetime.timedelta(hours=2))
        moment = datetime.datetime(2026, 11, 22, 23, 43, 28, 696254, tzinfo=zone)
        assert format_datetime(moment) == "2026-11-22T21:43:28.696254Z"


class TestSending:
    def test_an_id_cannot_leave_its_place_in_the_path(self) -> None:
        server = Server(json=SANDBOX)
        get_sandbox.sync_detailed("a/b?c#d e", client=server.client)
        assert server.request.url.raw_path == b"/v1/sandboxes/a%2Fb%3Fc%23d%20e"

    def test_what_is_not_given_is_not_sent(self) -> None:
        server = Server(status=202, json=SANDBOX)
        body = CreateSandboxRequest(image=ImageSpec(uri="python:3.11"), timeout=None)
        answer = create_sandbox.sync_detailed(client=server.client, body=body)
        assert server.request.content == b'{"image":{"uri":"python:3.11"},"timeout":null}'
        assert server.request.headers["content-type"] == "application/json"
        assert answer.parsed
        assert answer.parsed.id == "s-1"

    def test_a_body_that_may_be_left_out_is_left_out(self) -> None:
        server = Server(status=204, content=b"")
        create_snapshot.sync_detailed("s", client=server.client)
        assert server.request.content == b""

    def test_lists_repeat_in_the_query(self) -> None:
        server = Server(json={"items": [], "pagination": None})
        with pytest.raises(TypeError):  # the answer is broken, the request is what counts here
            list_sandboxes.sync_detailed(
                client=server.client, state=["Running", "Paused"], metadata="a=1&b=2", page_size=5
            )
        assert server.request.url.query == (
            b"state=Running&state=Paused&metadata=a%3D1%26b%3D2&pageSize=5"
        )

    def test_a_merge_patch_says_that_it_is_one(self) -> None:
        server = Server(json=SANDBOX)
        patch_sandbox_metadata.sync_detailed("s", client=server.client, body={"a": "1", "b": None})
        assert server.request.headers["content-type"] == "application/merge-patch+json"
        assert server.request.content == b'{"a":"1","b":null}'

    def test_maps_of_models_are_written(self) -> None:
        server = Server(content=b"")
        body = PermissionByPath({"/tmp/a": Permission(mode=600, owner="nobody")})
        set_permissions.sync_detailed(client=server.client, body=body)
        assert server.request.content == b'{"/tmp/a":{"mode":600,"owner":"nobody"}}'

    def test_moments_are_written_in_utc(self) -> None:
        server = Server(json={"expiresAt": "2026-11-22T22:43:28Z"})
        zone = datetime.timezone(datetime.timedelta(hours=1))
        moment = datetime.datetime(2026, 11, 22, 23, 43, 28, tzinfo=zone)
        renew_sandbox_expiration.sync_detailed(
            "s", client=server.client, body=RenewSandboxExpirationRequest(expires_at=moment)
        )
        assert server.request.content == b'{"expiresAt":"2026-11-22T22:43:28Z"}'


class TestAnswers:
    def test_an_answer_without_a_body_is_none(self) -> None:
        assert delete_sandbox.sync_detailed("s", client=Server(204).client).parsed is None
        body = ReplacementByPath({"/a": ReplaceFileContentItem(old="x", new="y")})
        quiet = Server(content=b"")
        assert replace_contents.sync_detailed(client=quiet.client, body=body).parsed is None
        loud = Server(json={"/a": {"replacedCount": 2}})
        parsed = replace_contents.sync_detailed(client=loud.client, body=body, verbose=True).parsed
        assert parsed
        assert parsed["/a"].replaced_count == 2

    @pytest.mark.parametrize("status", [200, 201, 202, 299])
    def test_any_success_is_read_like_the_documented_one(self, status: int) -> None:
        answer = get_sandbox.sync_detailed("s", client=Server(status, SANDBOX).client)
        assert answer.status_code == status
        assert answer.parsed == Sandbox.from_dict(SANDBOX)

    @pytest.mark.parametrize("status", [302, 404, 520])
    def test_what_is_no_success_is_not_read(self, status: int) -> None:
        answer = get_sandbox.sync_detailed("s", client=Server(status, {"code": "X"}).client)
        assert answer.parsed is None

    def test_a_list_of_nothing_may_be_null(self) -> None:
        answer = search_files.sync_detailed(client=Server(content=b"null").client, path="/")
        assert answer.parsed == []

    def test_a_map_of_models_is_read(self) -> None:
        answer = get_files_info.sync_detailed(client=Server(json={"/tmp/a": FILE}).client, path=[])
        assert answer.parsed == {"/tmp/a": FileInfo.from_dict(FILE)}

    async def test_the_async_functions_do_the_same(self) -> None:
        def handle(request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json={"running": False, "exit_code": 3})

        async with httpx.AsyncClient(
            transport=httpx.MockTransport(handle), base_url="http://server"
        ) as client:
            answer = await get_command_status.asyncio_detailed("c", client=client)
        assert answer.parsed
        assert answer.parsed.exit_code == 3


class TestImports:
    def test_one_operation_brings_neither_httpx_nor_models(self) -> None:
        program = (
            "import sys\n"
            "from opensandbox_api.lifecycle.api.sandboxes import create_sandbox\n"
            "from opensandbox_api.lifecycle import models\n"
            "print([m for m in sys.modules if '.models.' in m or m in ('httpx', 'dateutil')])\n"
            "models.Sandbox\n"
            "print([m for m in sys.modules if '.models.' in m])\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines() == ["[]", "['opensandbox_api.lifecycle.models.sandbox']"]

    def test_every_model_can_be_had_by_name(self) -> None:
        from opensandbox_api import diagnostics, egress, execd, lifecycle  # noqa: F401

        for api in ("diagnostics", "egress", "execd", "lifecycle"):
            models = __import__(f"opensandbox_api.{api}.models", fromlist=["models"])
            assert models.__all__
            for name in models.__all__:
                assert getattr(models, name) is not None

    def test_a_model_that_does_not_exist_is_an_attribute_error(self) -> None:
        from opensandbox_api.execd import models

        with pytest.raises(AttributeError, match="Nonsense"):
            models.Nonsense  # type: ignore[attr-defined]  # noqa: B018
