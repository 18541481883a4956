"""What of the machine's configuration may hold a credential or tell which machine it is, although
everybody may read it.

Rules: names of files and directories that programs document for it, one list for each tree; what a
sandbox needs to run the machine's programs is not among them.
"""

from __future__ import annotations

from pathlib import Path

_PRIVATE = {
    "etc": (
        # Registries, repositories and what is fetched from them.
        *("pip.conf", "xdg/pip", "pip", "npmrc", "yarnrc", "conda", "condarc", ".condarc"),
        *("maven/settings.xml", "subversion", "gitconfig", "netrc", ".netrc", "wgetrc", "curlrc"),
        *("apt/auth.conf", "apt/auth.conf.d", "apt/apt.conf.d/*prox*", "environment"),
        # Containers, clusters and clouds.
        *("docker", "containers/auth.json", "kubernetes", "rancher", "cni", "nomad.d", "consul.d"),
        *("vault.d", "cloud", "boto.cfg", "s3cfg", "rclone.conf", "ceph"),
        # Keys, networks and disks.
        *(
            "ssl/private",
            "ssh",
            "krb5.keytab",
            "letsencrypt",
            "openvpn",
            "wireguard",
            "ipsec.*",
            "swanctl",
        ),
        *("NetworkManager", "netplan", "wpa_supplicant", "ppp", "samba", "ldap.secret", "fstab"),
        *("crypttab", "msmtprc", "postfix", "exim4/passwd.client", "mysql/debian.cnf", "redis"),
        # Which machine it is.
        *("hostid", "machine-info"),
    ),
    "usr": (
        *("pip.conf", "local/pip.conf", "etc/npmrc", "local/etc/npmrc", "local/etc/gitconfig"),
        *("local/etc/curlrc", "local/etc/wgetrc"),
    ),
}


def private(tree: Path, name: str) -> frozenset[str]:
    """The paths below `tree`, the directory `name` of the root, that are private. Only reads."""
    found = (place for pattern in _PRIVATE.get(name, ()) for place in tree.glob(pattern))
    return frozenset(str(place.relative_to(tree)) for place in found)
