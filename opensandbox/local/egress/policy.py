"""Which hosts a sandbox may reach: rules read, put in order, asked. Pure.

- The first rule whose target fits the host decides; the default, when none does.
- Then every address that the host has is looked at: a rule for addresses decides about it, the
  first that fits. One that is not public is refused unless a rule names it. A name never names
  addresses, and neither does a network that holds public ones too: whoever owns an allowed name
  cannot point it at something private.
- Targets: ``name``, ``*.name`` (all names below, not the name itself), ``*``, an address, a network
  (``10.0.0.0/8``); each but IPv6 may have a ``:port`` at its end, and IPv6 has it after brackets.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from attrs import evolve, field, frozen

from ..server.values import JSON
from .addresses import (
    Address,
    InvalidHost,
    Network,
    canonical,
    is_public,
    lies_beyond_public,
    parse_host,
    parse_network,
    split_port,
)

Action = Literal["allow", "deny"]

MOST_RULES = 4096
LONGEST_TARGET = 1024


class InvalidPolicy(ValueError):
    """A policy, rule or target that cannot be used; the text says which and why."""


@frozen
class Target:
    """What a rule speaks of. Exactly one of `name`, `below`, `network` is set, or none: all."""

    name: str | None = None
    below: str | None = None
    network: Network | None = None
    port: int | None = None

    def fits(self, host: str | Address, port: int) -> bool:
        """Whether a host, as `parse_host` gives it, and a port are meant."""
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            return not isinstance(host, str) and host in self.network
        if self.name is not None:
            return host == self.name
        if self.below is not None:
            return isinstance(host, str) and host.endswith("." + self.below)
        return True

    @property
    def key(self) -> str:
        """The one spelling of the target, by which two rules are found to speak of the same."""
        port = "" if self.port is None else f":{self.port}"
        if self.network is not None:
            return f"[{self.network}]{port}"
        return (self.name or (f"*.{self.below}" if self.below else "*")) + port


def parse_target(text: str) -> Target:
    """Reads a target. Raises InvalidPolicy."""
    try:
        return _parse_target(text.strip())
    except InvalidHost as error:
        raise InvalidPolicy(f"target {text[:LONGEST_TARGET]!r}: {error}") from None


def _parse_target(text: str) -> Target:
    if not text or len(text) > LONGEST_TARGET:
        raise InvalidHost(f"it is empty or longer than {LONGEST_TARGET} characters")
    host, port = _with_port(text)
    if host == "*":
        return Target(port=port)
    if host.startswith("*."):
        below = parse_host(host[2:])
        if not isinstance(below, str):
            raise InvalidHost("a wildcard stands for names; a network is written as 10.0.0.0/8")
        return Target(below=below, port=port)
    if "*" in host:
        raise InvalidHost("a wildcard can only be the whole first part, as in *.example.com")
    if "/" in host:
        return Target(network=parse_network(host.strip("[]")), port=port)
    found = parse_host(host)
    if isinstance(found, str):
        return Target(name=found, port=port)
    return Target(network=ipaddress.ip_network(found), port=port)


def _with_port(text: str) -> tuple[str, int | None]:
    bracketed = text.startswith("[")
    if text.endswith("]") if bracketed else text.count(":") != 1:
        return text, None
    return split_port(text, None)


@frozen
class Rule:
    """One line of a policy."""

    action: Action
    written: str
    target: Target = field(repr=False)

    @classmethod
    def of(cls, action: object, target: object) -> Rule:
        """A rule from a request. Raises InvalidPolicy."""
        if action not in ("allow", "deny"):
            raise InvalidPolicy(f"a rule's action must be 'allow' or 'deny', not {action!r}")
        if not isinstance(target, str):
            raise InvalidPolicy("a rule's target must be a string")
        return cls("allow" if action == "allow" else "deny", target, parse_target(target))

    def to_dict(self) -> dict[str, JSON]:
        """The form it has on the wire."""
        return {"action": self.action, "target": self.written}


@frozen
class Verdict:
    """Whether a connection may be made, and why not, in a sentence."""

    allowed: bool
    reason: str = ""


_ALLOWED = Verdict(True)


@frozen(kw_only=True)
class Policy:
    """What a sandbox may reach."""

    default: Action = "allow"
    rules: tuple[Rule, ...] = ()
    given: bool = False
    """Whether somebody asked for it; the one that nobody asked for allows what is public."""

    def about_host(self, host: str | Address, port: int) -> Verdict:
        """Whether a host may be reached, going by what it is called."""
        for rule in self.rules:
            if rule.target.fits(host, port):
                if rule.action == "allow":
                    return _ALLOWED
                return Verdict(False, f"the rule 'deny {rule.written}' refuses {host}:{port}")
        if self.default == "allow":
            return _ALLOWED
        return Verdict(False, f"no rule allows {host}:{port}, and the default is deny")

    def about_address(self, address: Address, port: int) -> Verdict:
        """Whether one of a host's addresses may be connected to."""
        address = canonical(address)
        public = is_public(address)
        for rule in self.rules:
            network = rule.target.network
            if network is None or not rule.target.fits(address, port):
                continue
            if rule.action == "deny":
                return Verdict(False, f"the rule 'deny {rule.written}' refuses {address}")
            if public or lies_beyond_public(network):
                return _ALLOWED
        if public:
            return _ALLOWED
        return Verdict(
            False, f"{address} is not a public address, and no rule allows it by address"
        )

    def names_address(self, address: Address, port: int) -> bool:
        """Whether a rule allows exactly this address."""
        address = canonical(address)
        return any(
            rule.action == "allow"
            and rule.target.network is not None
            and rule.target.network.num_addresses == 1
            and rule.target.fits(address, port)
            for rule in self.rules
        )

    def with_rules(self, new: Iterable[Rule]) -> Policy:
        """New rules first; each takes the place of what was there for its target."""
        rules: dict[str, Rule] = {}
        for rule in (*new, *self.rules):
            rules.setdefault(rule.target.key, rule)
        return _checked(evolve(self, rules=tuple(rules.values()), given=True))

    def without(self, targets: Iterable[Target]) -> Policy:
        """Without the rules for these targets."""
        gone = {target.key for target in targets}
        left = tuple(rule for rule in self.rules if rule.target.key not in gone)
        return evolve(self, rules=left, given=True)

    @property
    def mode(self) -> str:
        """What it comes to, in the word of the API."""
        if any(rule.action != self.default for rule in self.rules):
            return "enforcing"
        return "allow_all" if self.default == "allow" else "deny_all"

    def to_dict(self) -> dict[str, JSON]:
        """The form it has on the wire."""
        return {"defaultAction": self.default, "egress": [rule.to_dict() for rule in self.rules]}


WITHOUT_POLICY = Policy()
"""What counts for a sandbox that was made without a policy."""


def read_policy(value: JSON) -> Policy:
    """A policy from a request or from the database; None: none was given. Raises InvalidPolicy."""
    if value is None:
        return WITHOUT_POLICY
    if not isinstance(value, Mapping):
        raise InvalidPolicy("a policy must be an object")
    default, egress = value.get("defaultAction"), value.get("egress")
    if default not in (None, "allow", "deny"):
        raise InvalidPolicy(f"defaultAction must be 'allow' or 'deny', not {default!r}")
    if default is None:
        # An object that says nothing allows everything; one that lists rules refuses the rest.
        default = "allow" if egress is None else "deny"
    rules = read_rules([] if egress is None else egress)
    action: Action = "allow" if default == "allow" else "deny"
    return _checked(Policy(default=action, rules=rules, given=True))


def read_rules(value: JSON) -> tuple[Rule, ...]:
    """Rules from a request. Raises InvalidPolicy."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InvalidPolicy("rules must be a list")
    rules = []
    for item in value:
        if not isinstance(item, Mapping):
            raise InvalidPolicy("a rule must be an object with action and target")
        rules.append(Rule.of(item.get("action"), item.get("target")))
    return tuple(rules)


def read_targets(value: JSON) -> tuple[Target, ...]:
    """Targets from a request. Raises InvalidPolicy."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InvalidPolicy("targets must be a list of strings")
    targets = []
    for item in value:
        if not isinstance(item, str):
            raise InvalidPolicy("a target must be a string")
        targets.append(parse_target(item))
    return tuple(targets)


def _checked(policy: Policy) -> Policy:
    if len(policy.rules) > MOST_RULES:
        raise InvalidPolicy(f"a policy has at most {MOST_RULES} rules, not {len(policy.rules)}")
    return policy
