"""How to reach a server, and how to talk to it: the one thing that programs configure.

Rules:

* A value: frozen, checked when built, with keywords only. It can be compared, copied and pickled;
  what is connected is not part of it, so a copy opens connections of its own.
* One config has one pool of connections, for every sandbox made with it, on any event loop, in any
  thread and after a fork.
* Connections that nobody can close any more are closed, with a ResourceWarning.
* The environment is read when a value is needed, not when the config is built.
* No secret in the repr.
"""

from __future__ import annotations

import functools
import os
import pickle
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

import attrs
import httpx

from .. import __version__
from .._concurrency import Lock
from .._wire.urls import protocol_and_host
from ..exceptions import InvalidArgumentException
from ..models._time import Seconds, seconds
from ..transport.retry import RetryPolicy
from .transport import PooledTransport, RetryAsyncTransport, Verify

if TYPE_CHECKING:
    from .connection import Connection

_DEFAULT_DOMAIN = "localhost:8080"
#: The domain that stands for the embedded runtime of this machine.
LOCAL = "local"
#: How many requests one config has under way at once when nobody says otherwise. Every running
#: command holds one, and a process has 1,024 descriptors by default.
_MAX_CONNECTIONS = 512
_MAX_IDLE = 100
#: Servers close idle connections after 5 s: ours are gone before.
_KEEPALIVE = 3.0

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

_T = TypeVar("_T", bound=type)
_opening = Lock()


def _known_keywords(cls: _T) -> _T:
    """Refuse a keyword that is none of the fields, and name the one that was meant."""
    names = [field.alias for field in attrs.fields(cls) if field.init and field.alias]
    plain: Callable[..., None] = cls.__init__  # type: ignore[misc]

    @functools.wraps(plain)
    def init(self: object, *positional: object, **given: object) -> None:
        for name in given:
            if name not in names:
                from difflib import get_close_matches

                close = get_close_matches(name, names, n=1)
                hint = f"; did you mean {close[0]}?" if close else f"; it has {', '.join(names)}"
                raise InvalidArgumentException(f"{cls.__name__} has no {name!r}{hint}")
        if positional:
            raise InvalidArgumentException(f"{cls.__name__} takes keywords only")
        plain(self, **given)
        object.__setattr__(self, "_given", frozenset(given))

    cls.__init__ = init  # type: ignore[misc]
    return cls


def _may_be_disowned(cls: _T) -> _T:
    """Let programs of 1.1.1 set `_owns_transport` on a copy that is not to close what it shares."""
    refuse: Callable[..., None] = cls.__setattr__

    def set_attribute(self: object, name: str, value: object) -> None:
        (object.__setattr__ if name == "_owns_transport" else refuse)(self, name, value)

    cls.__setattr__ = set_attribute  # type: ignore[assignment]
    return cls


def _wrong(field: attrs.Attribute[Any], wanted: str, value: object) -> InvalidArgumentException:
    # The type, not the value: it may be a key that went into the wrong field.
    return InvalidArgumentException(
        f"ConnectionConfig.{field.name} must be {wanted}, got {type(value).__name__}"
    )


def _text_or_none(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise _wrong(field, "a string or None", value)


def _check_sendable(name: str, value: str) -> None:
    """Raise unless a header can carry the value, which may be a secret and is not shown."""
    for number, character in enumerate(value):
        if not " " <= character <= "~" and character != "\t":
            raise InvalidArgumentException(
                f"{name} holds something that no header can carry (character {number}):"
                " only plain ASCII text in one line can be sent"
            )


def _key(instance: object, field: attrs.Attribute[Any], value: str | None) -> None:
    _text_or_none(instance, field, value)
    if value is not None:
        _check_sendable(f"ConnectionConfig.{field.name}", value)


def _text(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        raise _wrong(field, "a string", value)
    _check_sendable(f"ConnectionConfig.{field.name}", value)


def _flag(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, bool):
        raise _wrong(field, "True or False", value)


def _count(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(field, "a whole number", value)
    if value < 1:
        raise InvalidArgumentException(f"ConnectionConfig.{field.name} must be at least 1")


def _domain(instance: object, field: attrs.Attribute[Any], value: str | None) -> None:
    _text_or_none(instance, field, value)
    if value is not None and value.strip() and value.strip().lower() != LOCAL:
        protocol_and_host(value)


def _protocol(value: str) -> str:
    if not isinstance(value, str) or value.lower() not in ("http", "https"):
        raise InvalidArgumentException(
            f"ConnectionConfig.protocol must be http or https, got {value!r}"
        )
    return value.lower()


def _request_timeout(value: Seconds) -> timedelta:
    return timedelta(seconds=seconds(value, "ConnectionConfig.request_timeout"))


def _endpoint_cache_ttl(value: Seconds) -> timedelta:
    return timedelta(seconds=seconds(value, "ConnectionConfig.endpoint_cache_ttl", at_least=0))


def _headers(value: Mapping[str, str]) -> dict[str, str]:
    pairs = dict(value) if isinstance(value, Mapping) else None
    texts = [] if pairs is None else [*pairs.keys(), *pairs.values()]
    if pairs is None or not all(isinstance(text, str) for text in texts):
        raise InvalidArgumentException("ConnectionConfig.headers must map strings to strings")
    for name, text in pairs.items():
        if not _HEADER_NAME.fullmatch(name):
            raise InvalidArgumentException(
                f"ConnectionConfig.headers: {name!r} is no header that can be sent"
            )
        _check_sendable(f"ConnectionConfig.headers[{name!r}]", text)
    return pairs


def _shown_headers(headers: dict[str, str]) -> str:
    return repr(dict.fromkeys(headers, "***"))


def _shown_proxy(proxy: str | None) -> str:
    if proxy is None:
        return "None"
    parts = urlsplit(proxy)
    return repr(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def _event_hooks(
    value: Mapping[str, Sequence[Callable[..., Awaitable[None]]]],
) -> dict[str, list[Callable[..., Awaitable[None]]]]:
    if not isinstance(value, Mapping) or not set(value) <= {"request", "response"}:
        raise InvalidArgumentException(
            'ConnectionConfig.event_hooks must be {"request": [...], "response": [...]}'
        )
    hooks = {name: list(functions) for name, functions in value.items()}
    if not all(callable(function) for functions in hooks.values() for function in functions):
        raise InvalidArgumentException("ConnectionConfig.event_hooks must hold functions")
    return hooks


def _transport(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, httpx.AsyncBaseTransport):
        raise _wrong(field, "an httpx transport of this colour (async or sync), or None", value)


def _retry_policy(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, RetryPolicy):
        raise _wrong(field, "a RetryPolicy", value)


def _proxy(instance: object, field: attrs.Attribute[Any], value: str | None) -> None:
    _text_or_none(instance, field, value)
    if value is None:
        return
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidArgumentException(
            "ConnectionConfig.proxy must be the URL of an http or https proxy,"
            " as in http://proxy.example:3128"
        )


def _verify(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    import ssl

    if not isinstance(value, bool | str | os.PathLike | ssl.SSLContext):
        raise _wrong(field, "True, False, a path or an ssl.SSLContext", value)


class _Opened:
    """What a config has opened: no part of its value."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        #: Who is told to close the connections, when they were forgotten; None: somebody tells.
        self.keeper: str | None = ConnectionConfig.__name__
        #: How often it was closed, which says that what was made with it before is done with.
        self.closings = 0


@_known_keywords
@_may_be_disowned
@attrs.frozen(kw_only=True)
class ConnectionConfig:
    """Where the server is, and how to talk to it.

    Example::

        config = ConnectionConfig(domain="sandboxes.example:8080", api_key="...")
        async with await Sandbox.create("python:3.11", connection_config=config) as sandbox:
            ...
        await config.close()

    Durations are seconds as a number, or a timedelta. Raises `InvalidArgumentException` for a
    keyword that does not exist and for a value that cannot be meant.
    """

    #: The key of the server. None: the environment variable OPEN_SANDBOX_API_KEY, else none.
    api_key: str | None = attrs.field(default=None, validator=_key, repr=False)
    #: `host`, `host:port`, a URL, or `local` for the embedded runtime of this machine. The `/v1` of
    #: the API is added; one at the end is not added twice.
    #: None: the environment variable OPEN_SANDBOX_DOMAIN, else localhost:8080.
    domain: str | None = attrs.field(default=None, validator=_domain)
    #: http or https; a scheme in `domain` wins.
    protocol: str = attrs.field(default="http", converter=_protocol)
    #: The limit of one call with all its retries; of a stream up to its first bytes.
    request_timeout: timedelta = attrs.field(
        default=timedelta(seconds=30), converter=_request_timeout
    )
    #: Log every request to the logger "opensandbox": method, URL, status, time, request id.
    debug: bool = attrs.field(default=False, validator=_flag)
    user_agent: str = attrs.field(default=f"OpenSandbox-Python-SDK/{__version__}", validator=_text)
    #: Sent with every request.
    headers: dict[str, str] = attrs.field(factory=dict, converter=_headers, repr=_shown_headers)
    #: Whether a redirect is followed; keys are never taken to another host.
    follow_redirects: bool = attrs.field(default=False, validator=_flag)
    #: httpx's hooks: {"request": [...], "response": [...]}.
    event_hooks: dict[str, list[Callable[..., Awaitable[None]]]] = attrs.field(
        factory=dict, converter=_event_hooks
    )
    #: The httpx transport to use, which stays the caller's to close. None: a pool of our own.
    transport: httpx.AsyncBaseTransport | None = attrs.field(default=None, validator=_transport)
    retry_policy: RetryPolicy = attrs.field(factory=RetryPolicy, validator=_retry_policy)
    #: Reach the sandboxes through the server, where they cannot be reached directly.
    use_server_proxy: bool = attrs.field(default=False, validator=_flag)
    #: For how long the address of a sandbox's port is remembered.
    endpoint_cache_ttl: timedelta = attrs.field(
        default=timedelta(seconds=600), converter=_endpoint_cache_ttl
    )
    endpoint_cache_size: int = attrs.field(default=1024, validator=_count)
    endpoint_cache_disabled: bool = attrs.field(default=False, validator=_flag)
    #: Taken, and without effect: nothing is sent to anyone but the server.
    disable_metrics: bool = attrs.field(default=False, validator=_flag)
    #: OpenTelemetry spans for every call (extra `otel`).
    enable_tracing: bool = attrs.field(default=False, validator=_flag)
    #: How a server's certificate is checked: True by the usual authorities, False not at all, a
    #: path by the authorities in that file or folder, an `ssl.SSLContext` as it says.
    verify: Verify = attrs.field(default=True, validator=_verify)
    #: The URL of a proxy for every request. None: HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the
    #: environment, though never for this machine itself.
    proxy: str | None = attrs.field(default=None, validator=_proxy, repr=_shown_proxy)
    _owns_transport: bool = attrs.field(default=False, init=False, eq=False, repr=False)
    _given: frozenset[str] = attrs.field(default=frozenset(), init=False, eq=False, repr=False)
    _opened: _Opened = attrs.field(factory=_Opened, init=False, eq=False, repr=False)

    @property
    def owns_transport(self) -> bool:
        """Whether the connections are the config's own to close."""
        return self.transport is None or self._owns_transport

    @property
    def is_local(self) -> bool:
        """Whether this means the embedded runtime of this machine."""
        return self.get_domain().strip().lower() == LOCAL

    def get_api_key(self) -> str:
        """The key that is used; empty when there is none.

        Raises `InvalidArgumentException` when the environment's cannot be sent.
        """
        if self.api_key:
            return self.api_key
        key = os.environ.get("OPEN_SANDBOX_API_KEY", "")
        _check_sendable("the environment variable OPEN_SANDBOX_API_KEY", key)
        return key

    def get_domain(self) -> str:
        """The domain that is used."""
        return self.domain or os.environ.get("OPEN_SANDBOX_DOMAIN") or _DEFAULT_DOMAIN

    def get_protocol(self) -> str:
        """http or https: the scheme of the domain, else `protocol`."""
        if self.is_local:
            return "http"
        return protocol_and_host(self.get_domain(), self.protocol)[0]

    def get_base_url(self) -> str:
        """The address of the lifecycle API.

        Raises `SandboxConnectionException` for the embedded runtime before it was used: its
        address is not known until then.
        """
        return self.connection.known_server(self).base_url

    def new_owned_transport(
        self,
        *,
        max_connections: int | None = 100,
        max_keepalive_connections: int = 20,
        keepalive_expiry: float = _KEEPALIVE,
    ) -> httpx.AsyncBaseTransport:
        """A pool of connections with this config's TLS, proxy and retries, the caller's to close.

        `max_connections` requests may be under way at once, None for any number; `keepalive_expiry`
        is how many seconds an idle connection is kept.
        """
        pooled = PooledTransport(
            verify=self.verify,
            proxy=self.proxy,
            max_connections=max_connections,
            max_keepalive_connections=max_keepalive_connections,
            keepalive_expiry=keepalive_expiry,
        )
        if not self.retry_policy.wraps_transport():
            return pooled
        return RetryAsyncTransport(pooled, self.retry_policy, owns_inner=True)

    def with_transport_if_missing(
        self,
        *,
        max_connections: int | None = 100,
        max_keepalive_connections: int = 20,
        keepalive_expiry: float = _KEEPALIVE,
    ) -> ConnectionConfig:
        """This config, or a copy of it with a pool of its own when it was given no transport."""
        if self.transport is not None:
            return self
        pooled = self.new_owned_transport(
            max_connections=max_connections,
            max_keepalive_connections=max_keepalive_connections,
            keepalive_expiry=keepalive_expiry,
        )
        config = self.model_copy(update={"transport": pooled})
        object.__setattr__(config, "_owns_transport", True)
        return config

    async def close_transport_if_owned(self) -> None:
        """Close the connections, unless the transport is the caller's; new use opens new ones."""
        await self.close()

    async def close(self) -> None:
        """Close the connections, unless the transport is the caller's; new use opens new ones."""
        self._opened.closings += 1
        connection = self._opened.connection
        if connection is not None:
            await connection.close()
        elif self._owns_transport and self.transport is not None:
            await self.transport.aclose()

    async def __aenter__(self) -> ConnectionConfig:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def connection(self) -> Connection:
        """What the package sends with: the one client of this config."""
        connection = self._opened.connection
        if connection is None:
            from .connection import Connection

            with _opening:
                connection = self._opened.connection
                if connection is None:
                    connection = self._opened.connection = Connection(
                        self, self.transport or self._own_transport()
                    )
        return connection

    def _own_transport(self) -> httpx.AsyncBaseTransport:
        return self.new_owned_transport(
            max_connections=_MAX_CONNECTIONS, max_keepalive_connections=_MAX_IDLE
        )

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> ConnectionConfig:
        """A copy with the fields in `update` changed. `deep` makes no difference."""
        config = _restored({**self._fields(), **(update or {})}, self._given.union(update or ()))
        if self._owns_transport and config.transport is self.transport:
            object.__setattr__(config, "_owns_transport", True)
        return config

    def model_dump(
        self, *, mode: Literal["python"] = "python", exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """The fields by their names, the key among them."""
        return {
            name: value for name, value in self._fields().items() if name not in (exclude or ())
        }

    @classmethod
    def model_validate(cls, obj: Mapping[str, Any] | ConnectionConfig) -> ConnectionConfig:
        """A config from the fields that `model_dump` gives; a finished one as it is.

        Raises `InvalidArgumentException` for what does not fit.
        """
        if isinstance(obj, cls):
            return obj
        if not isinstance(obj, Mapping):
            raise InvalidArgumentException(
                f"{cls.__name__} is made from a mapping, got {type(obj).__name__}"
            )
        return cls(**obj)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """For pydantic, which asks for it where a config is a field of a model of its own."""
        from ..models._pydantic import config_schema

        return config_schema(cls.model_validate, cls.model_dump)

    @property
    def model_fields_set(self) -> set[str]:
        """The names of the fields that somebody has set."""
        return set(self._given)

    def _fields(self) -> dict[str, Any]:
        return {
            field.name: getattr(self, field.name)
            for field in attrs.fields(type(self))
            if field.init
        }

    def __copy__(self) -> ConnectionConfig:
        return self.model_copy()

    def __deepcopy__(self, memo: object) -> ConnectionConfig:
        return self.model_copy()

    def __reduce__(self) -> tuple[Any, ...]:
        fields = self._fields()
        if self._owns_transport:
            fields["transport"] = None  # a pool is made where it is used
        for name in ("transport", "verify"):
            _check_picklable(name, fields[name])
        return (_restored, (fields, self._given))


def _check_picklable(name: str, value: object) -> None:
    """Raise when a field is bound to this process: pickle itself would not say which one it is."""
    try:
        pickle.dumps(value)
    except Exception as error:
        raise InvalidArgumentException(
            f"a ConnectionConfig with this {name} cannot be pickled ({error}): leave {name} out,"
            f' and where the config is used call model_copy(update={{"{name}": ...}})',
            cause=error,
        ) from error


def _restored(fields: dict[str, Any], given: frozenset[str]) -> ConnectionConfig:
    """A config of which only the fields in `given` were set by somebody."""
    config = ConnectionConfig(**fields)
    object.__setattr__(config, "_given", given)
    return config


def config_or_default(
    given: ConnectionConfig | None, *, keeper: str | None = None
) -> ConnectionConfig:
    """The config that was given, or for None one that the environment says all of.

    That one is closed by a `keeper`, who is named when it is forgotten; None says so himself.
    Raises `InvalidArgumentException` for anything else, a config of the other colour (async or
    sync) among it.
    """
    if given is None:
        config = ConnectionConfig()
        config._opened.keeper = keeper
        return config
    if not isinstance(given, ConnectionConfig):
        raise InvalidArgumentException(
            f"connection_config must be a {ConnectionConfig.__name__}, got {type(given).__name__}"
        )
    return given
