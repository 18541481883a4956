"""What programs in a real sandbox reach, and with which credentials."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from opensandbox import NetworkPolicy, NetworkRule, SandboxSync
from opensandbox.models.sandboxes import CredentialProxyConfig
from opensandbox.runtime import LocalRuntime
from tests.local.egress.upstream import Trust, Upstream, own_address, trusted, upstream
from tests.local.server.servers import REAL, Server, environment

pytestmark = pytest.mark.isolation

SECRET = "s3cret-of-the-vault"
BLOCKED = "403"


@pytest.fixture(scope="module")
def host() -> str:
    """The address at which every name of these tests is found."""
    return own_address()


@pytest.fixture(scope="module")
def trust() -> Iterator[Trust]:
    """Who vouches for api.test outside."""
    with trusted("api.test") as trust:
        yield trust


@pytest.fixture(scope="module")
def runtime(host: str, trust: Trust) -> Iterator[LocalRuntime]:
    """A runtime whose sandboxes find some names on this machine, and that trusts one authority."""
    names = ("api.test", "www.api.test", "deep.www.api.test", "other.test", "rebound.test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(trust.certificate))
        runtime = LocalRuntime(spares=1, host_aliases=dict.fromkeys(names, host))
        runtime.start()
    yield runtime
    runtime.stop()


@pytest.fixture(scope="module")
def sealed(host: str, trust: Trust) -> Iterator[Upstream]:
    """api.test, over https."""
    with upstream(port=443, context=trust.context, address=host) as server:
        yield server


@pytest.fixture(scope="module")
def plain(host: str) -> Iterator[Upstream]:
    """What is at the address, over http."""
    with upstream(address=host) as server:
        yield server


class Box:
    """A sandbox, and what its programs and its owner do in these tests."""

    def __init__(self, runtime: LocalRuntime, sandbox: SandboxSync) -> None:
        self.id = sandbox.id
        self.run = sandbox.commands.run
        self.sandbox = sandbox
        self.lifecycle = httpx.Client(
            base_url=f"http://{runtime.domain}/v1/sandboxes/{self.id}",
            headers={"OPEN-SANDBOX-API-KEY": runtime.api_key},
            trust_env=False,
        )

    def fetch(self, url: str, *options: str) -> str:
        """The status that curl gets inside: of the proxy when that refuses, else of the server."""
        words = " ".join(f"'{word}'" for word in (*options, url))
        shown = "-w '%{http_connect} %{http_code}' -o /dev/null -sS -m 10"
        proxied, status = self.run(f"curl {shown} {words}").stdout.split()
        return status if proxied in ("200", "000") else proxied

    def egress(self) -> httpx.Client:
        """A client of its egress API."""
        endpoint = self.lifecycle.get("/endpoints/18080").json()
        return httpx.Client(
            base_url=f"http://{endpoint['endpoint']}",
            headers=endpoint["headers"],
            trust_env=False,
        )


def rule(target: str, action: Any = "allow") -> NetworkRule:
    return NetworkRule(action=action, target=target)


class Boxes:
    """Makes sandboxes, and ends them."""

    def __init__(self, runtime: LocalRuntime) -> None:
        self.runtime = runtime
        self.config = runtime.config_sync()
        self.made: list[Box] = []

    def make(self, *rules: NetworkRule, default: Any = "deny", **options: Any) -> Box:
        """A sandbox with a policy."""
        policy = NetworkPolicy(default_action=default, egress=list(rules))
        return self.make_without_policy(network_policy=policy, **options)

    def make_without_policy(self, **options: Any) -> Box:
        """A sandbox."""
        sandbox = SandboxSync.create("any:1", connection_config=self.config, **options)
        made = Box(self.runtime, sandbox)
        self.made.append(made)
        return made

    def close(self) -> None:
        """Ends them all."""
        for box in self.made:
            box.lifecycle.close()
            box.sandbox.kill()
        self.config.close()


@pytest.fixture(scope="module")
def boxes(runtime: LocalRuntime) -> Iterator[Boxes]:
    """Sandboxes that end with the module."""
    made = Boxes(runtime)
    yield made
    made.close()


@pytest.fixture(scope="module")
def box(boxes: Boxes, host: str) -> Box:
    """A sandbox that may reach api.test, and one level of names below it."""
    return boxes.make(rule("api.test"), rule("*.www.api.test"), rule(host))


def test_an_allowed_name_is_reached_and_another_one_at_its_address_is_not(
    box: Box, plain: Upstream
) -> None:
    assert box.fetch(f"http://api.test:{plain.port}/") == "200"
    assert box.fetch(f"http://other.test:{plain.port}/") == BLOCKED
    said = box.run(f"curl -sS http://other.test:{plain.port}/").stdout
    assert "no rule allows other.test" in said


@pytest.mark.parametrize("spelling", ["API.TEST", "api.test.", "Api.Test."])
def test_a_name_is_the_same_name_however_it_is_spelt(
    box: Box, plain: Upstream, spelling: str
) -> None:
    assert box.fetch(f"http://{spelling}:{plain.port}/") == "200"


def test_a_wildcard_means_names_below_and_not_the_name_itself(box: Box, plain: Upstream) -> None:
    assert box.fetch(f"http://deep.www.api.test:{plain.port}/") == "200"
    assert box.fetch(f"http://www.api.test:{plain.port}/") == BLOCKED


def test_connect_follows_the_same_policy(box: Box, plain: Upstream) -> None:
    assert box.fetch(f"http://api.test:{plain.port}/", "-p") == "200"
    assert box.fetch(f"http://other.test:{plain.port}/", "-p") == BLOCKED


def test_there_is_no_way_around_the_proxy(box: Box, plain: Upstream) -> None:
    for url in (f"http://{plain.address}:{plain.port}/", f"http://api.test:{plain.port}/"):
        went = box.run(f"curl -sS -m 5 --noproxy '*' {url}")
        assert went.exit_code not in (0, None)


def test_a_rule_may_name_a_port(boxes: Boxes, plain: Upstream) -> None:
    with upstream(address=plain.address) as elsewhere:
        box = boxes.make(rule(f"api.test:{plain.port}"), rule(plain.address))
        assert box.fetch(f"http://api.test:{plain.port}/") == "200"
        assert box.fetch(f"http://api.test:{elsewhere.port}/") == BLOCKED


def test_the_first_rule_that_fits_decides(boxes: Boxes, plain: Upstream) -> None:
    box = boxes.make(
        rule("www.api.test", "deny"), rule("*.api.test"), rule(plain.address), default="allow"
    )
    assert box.fetch(f"http://www.api.test:{plain.port}/") == BLOCKED
    assert box.fetch(f"http://deep.www.api.test:{plain.port}/") == "200"


def test_a_name_that_leads_to_a_private_address_is_refused(boxes: Boxes, plain: Upstream) -> None:
    box = boxes.make(rule("rebound.test"), rule("*"))
    said = box.run(f"curl -sS http://rebound.test:{plain.port}/").stdout
    assert f"{plain.address} is not a public address" in said


@pytest.mark.parametrize(
    "private",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"],
)
def test_without_a_policy_nothing_private_is_reached(
    unruled: Box, runtime: LocalRuntime, private: str
) -> None:
    port = runtime.domain.rpartition(":")[2]
    assert unruled.fetch(f"http://{private}:{port}/health", "--noproxy", "") == BLOCKED
    assert unruled.fetch(f"http://{private}:{port}/health", "--noproxy", "", "-p") == BLOCKED


@pytest.mark.parametrize("place", ["169.254.169.254", "10.0.0.1", "192.168.1.1", "[fe80::1]"])
def test_without_a_policy_no_site_and_no_metadata_is_reached(unruled: Box, place: str) -> None:
    assert unruled.fetch(f"http://{place}/latest/meta-data") == BLOCKED


@pytest.fixture(scope="module")
def unruled(boxes: Boxes) -> Box:
    """A sandbox without a policy."""
    return boxes.make_without_policy()


def test_without_a_policy_the_api_says_what_counts(unruled: Box) -> None:
    said = unruled.lifecycle.get("/networkpolicy").json()
    assert (said["mode"], said["enforcementMode"]) == ("allow_all", "proxy")
    with unruled.egress() as egress:
        assert egress.get("/policy").json() == said


def test_a_policy_by_address(boxes: Boxes, plain: Upstream) -> None:
    network = plain.address.rpartition(".")[0] + ".0/24"
    box = boxes.make(rule(network))
    assert box.fetch(f"http://{plain.address}:{plain.port}/") == "200"
    assert box.fetch(f"http://127.0.0.1:{plain.port}/", "--noproxy", "") == BLOCKED


def test_a_policy_changes_while_the_sandbox_runs(boxes: Boxes, plain: Upstream) -> None:
    box = boxes.make(rule(plain.address))
    url = f"http://api.test:{plain.port}/"
    assert box.fetch(url) == BLOCKED
    with box.egress() as egress:
        added = egress.patch("/policy", json=[{"action": "allow", "target": "api.test"}]).json()
        assert [r["target"] for r in added["policy"]["egress"]] == ["api.test", plain.address]
        assert box.fetch(url) == "200"
        egress.request("DELETE", "/policy", json=["API.test."])
        assert box.fetch(url) == BLOCKED
    everything = {
        "defaultAction": "allow",
        "egress": [{"action": "allow", "target": plain.address}],
    }
    assert box.lifecycle.put("/networkpolicy", json=everything).status_code == 200
    assert box.fetch(url) == "200"


def test_open_tunnels_to_a_host_that_is_denied_now_are_closed(
    boxes: Boxes, plain: Upstream
) -> None:
    box = boxes.make(rule("api.test"), rule(plain.address))
    waiting = f"""
import socket
s = socket.create_connection(("127.0.0.1", 3128))
s.sendall(b"CONNECT api.test:{plain.port} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
print(s.recv(100)[:12].decode(), flush=True)
print("closed" if not s.recv(1) else "open", flush=True)
"""
    box.sandbox.files.write_file("/tmp/waiting.py", waiting)
    box.run(
        "python3 /tmp/waiting.py > /tmp/said & until grep -q 200 /tmp/said; do sleep 0.05; done"
    )
    denied = [{"action": "deny", "target": "api.test"}]
    assert box.lifecycle.patch("/networkpolicy", json=denied).status_code == 200
    said = box.run("until grep -q closed /tmp/said; do sleep 0.05; done; cat /tmp/said").stdout
    assert said.split() == ["HTTP/1.1", "200", "closed"]


def vault(**auth: Any) -> dict[str, Any]:
    """A vault with one secret for https://api.test/v1/*."""
    return {
        "credentials": [{"name": "key", "source": {"type": "inline", "value": SECRET}}],
        "bindings": [
            {
                "name": "api",
                "match": {"hosts": ["api.test"], "paths": ["/v1/*"]},
                "auth": auth or {"type": "bearer", "credential": "key"},
            }
        ],
    }


@pytest.fixture
def trusting(boxes: Boxes, host: str) -> Box:
    """A sandbox that may be given credentials."""
    return boxes.make(
        rule("api.test"), rule(host), credential_proxy=CredentialProxyConfig(enabled=True)
    )


def test_a_request_carries_a_credential_that_nothing_inside_can_read(
    trusting: Box, sealed: Upstream, runtime: LocalRuntime
) -> None:
    with trusting.egress() as egress:
        made = egress.post("/credential-vault", json=vault())
        assert (made.status_code, made.json()["revision"]) == (201, 1)
        assert SECRET not in made.text + egress.get("/credential-vault").text
    assert trusting.fetch("https://api.test/v1/items") == "200"
    assert sealed.seen[-1].headers["authorization"] == f"Bearer {SECRET}"
    assert trusting.fetch("https://api.test/elsewhere") == "200"
    assert "authorization" not in sealed.seen[-1].headers
    searched = "/proc/*/environ /proc/self/mounts /run /tmp /etc/ssl /root"
    found = trusting.run(f"grep -rslaF {SECRET} {searched}; grep -rslaF 'PRIVATE KEY' /run /tmp")
    assert found.stdout == ""
    assert SECRET not in (runtime.directory / "server.log").read_text()
    assert (runtime.directory / "state.sqlite").stat().st_mode & 0o777 == 0o600


def test_programs_in_python_trust_the_authority_too(trusting: Box, sealed: Upstream) -> None:
    with trusting.egress() as egress:
        egress.post("/credential-vault", json=vault(type="apiKey", name="X-Key", credential="key"))
    program = (
        "import urllib.request as u; print(u.urlopen('https://api.test/v1/x').read().decode())"
    )
    assert trusting.run(f'python3 -c "{program}"').stdout.strip() == "upstream"
    assert sealed.seen[-1].headers["x-key"] == SECRET


def test_placeholders_are_replaced_in_header_path_query_and_body(
    trusting: Box, sealed: Upstream
) -> None:
    places = ["header", "path", "query", "body"]
    replacing = {"credential": "key", "placeholder": "{{KEY}}", "in": places}
    with trusting.egress() as egress:
        egress.post("/credential-vault", json=vault(type="passthrough", substitutions=[replacing]))
    body = json.dumps({"token": "{{KEY}}"})
    status = trusting.fetch(
        "https://api.test/v1/%7B%7BKEY%7D%7D/x?k=%7b%7bKEY%7d%7d&z=1",
        *("-H", "X-Token: {{KEY}}", "-H", "Content-Type: application/json", "-d", body),
    )
    seen = sealed.seen[-1]
    assert status == "200"
    assert seen.target == f"/v1/{SECRET}/x?k={SECRET}&z=1"
    assert seen.headers["x-token"] == SECRET
    assert json.loads(seen.body) == {"token": SECRET}


@pytest.mark.usefixtures("sealed")
def test_a_server_that_cannot_be_verified_gets_no_credential(boxes: Boxes, host: str) -> None:
    # other.test is at the same server, whose certificate is for api.test.
    box = boxes.make(
        rule("other.test"), rule(host), credential_proxy=CredentialProxyConfig(enabled=True)
    )
    asked = vault()
    asked["bindings"][0]["match"]["hosts"] = ["other.test"]
    with box.egress() as egress:
        assert egress.post("/credential-vault", json=asked).status_code == 201
    said = box.run("curl -sS -m 10 https://other.test/v1/x").stdout
    assert "could not be trusted" in said


def test_a_vault_needs_a_sandbox_that_was_made_for_one(box: Box) -> None:
    with box.egress() as egress:
        assert egress.post("/credential-vault", json=vault()).status_code == 412


def test_a_server_that_was_killed_goes_on_with_policy_and_vault(
    tmp_path: Path, trust: Trust
) -> None:
    host = own_address()
    options = [f"--directory={tmp_path}", "--port=0", "--spares=0", f"--host-alias=api.test={host}"]

    def serve(*more: str) -> Server:
        process = subprocess.Popen(
            [*REAL, "serve", *options, *more],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(SSL_CERT_FILE=str(trust.certificate)),
        )
        return Server(process, tmp_path)

    with upstream(port=443, context=trust.context, address=host) as sealed:
        first = serve()
        policy = {
            "defaultAction": "deny",
            "egress": [{"action": "allow", "target": target} for target in ("api.test", host)],
        }
        made = first.create(networkPolicy=policy, credentialProxy={"enabled": True})["id"]
        egress = first.client.get(f"/sandboxes/{made}/endpoints/18080").json()
        vaults = f"http://{egress['endpoint']}/credential-vault"
        httpx.post(vaults, json=vault(), headers=egress["headers"], trust_env=False)
        assert first.process.poll() is None
        first.process.send_signal(signal.SIGKILL)
        first.kill()
        second = serve("--kill-on-exit")
        try:
            assert second.client.get(f"/sandboxes/{made}/endpoints/18080").json() == egress
            execd = second.client.get(f"/sandboxes/{made}/endpoints/44772").json()
            ran = httpx.post(
                f"http://{execd['endpoint']}/command",
                json={"command": "curl -sS -m 10 https://api.test/v1/x"},
                headers=execd["headers"],
                trust_env=False,
            )
            assert "upstream" in ran.text, ran.text
            assert sealed.seen[-1].headers["authorization"] == f"Bearer {SECRET}"
        finally:
            assert second.stop() == 0
