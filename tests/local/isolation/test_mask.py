"""What of the machine's root is hidden."""

from __future__ import annotations

from pathlib import Path

from opensandbox.local.isolation import mask


def hidden(tree: Path) -> dict[str, bool]:
    return {entry.path: entry.empty for entry in mask.hidden(tree, "etc")}


def made(tree: Path, name: str, mode: int) -> None:
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    path.chmod(mode)


def test_a_file_not_everybody_may_read_is_taken_away(tmp_path: Path) -> None:
    made(tmp_path, "open", 0o644)
    made(tmp_path, "group", 0o640)
    made(tmp_path, "below/key", 0o600)
    assert hidden(tmp_path) == {"group": False, "below/key": False}


def test_a_directory_not_everybody_may_enter_is_empty(tmp_path: Path) -> None:
    made(tmp_path, "private/readable", 0o644)
    (tmp_path / "private").chmod(0o750)
    made(tmp_path, "listed/readable", 0o644)
    (tmp_path / "listed").chmod(0o754)
    assert hidden(tmp_path) == {"private": True, "listed": True}


def test_keys_of_certificates_are_empty_whatever_their_mode(tmp_path: Path) -> None:
    made(tmp_path, "ssl/private/key", 0o644)
    assert hidden(tmp_path) == {"ssl/private": True}


def test_links_stay(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/shadow")
    assert hidden(tmp_path) == {}


def test_accounts_stay_and_passwords_do_not() -> None:
    passwd = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n"
    shadow = mask.without_passwords(passwd, "shadow")
    assert shadow == "root:*:19000:0:99999:7:::\nann:*:19000:0:99999:7:::\n"
    assert mask.without_passwords("adm:x:4:\n", "gshadow") == "adm:*::\n"


def test_what_may_hold_a_credential_is_hidden_whatever_its_mode(tmp_path: Path) -> None:
    for name in ("pip.conf", "npmrc", "netrc", "apt/auth.conf", "passwd", "apt/sources.list"):
        made(tmp_path, name, 0o644)
    for name in ("docker/daemon.json", "kubernetes/admin.conf", "ssh/ssh_host_ed25519_key.pub"):
        made(tmp_path, name, 0o644)
    made(tmp_path, "apt/apt.conf.d/95proxies", 0o644)
    assert hidden(tmp_path) == {
        "pip.conf": False,
        "npmrc": False,
        "netrc": False,
        "apt/auth.conf": False,
        "apt/apt.conf.d/95proxies": False,
        "docker": True,
        "kubernetes": True,
        "ssh": True,
    }


def test_a_name_that_is_private_in_one_tree_is_none_in_another(tmp_path: Path) -> None:
    made(tmp_path, "docker/bin/tool", 0o755)
    made(tmp_path, "etc/npmrc", 0o644)
    assert [entry.path for entry in mask.hidden(tmp_path, "usr")] == ["etc/npmrc"]
    assert list(mask.hidden(tmp_path, "opt")) == []
