"""The names of the headers that the client and the embedded runtime agree on.

They are in one place because both sides of the wire read them: the client to understand an answer,
the runtime to write one that is understood.
"""

from __future__ import annotations

#: The key of the lifecycle server; goes to that server only, never to a user's own port.
API_KEY = "OPEN-SANDBOX-API-KEY"

#: The token of the daemon inside a sandbox.
EXECD_ACCESS_TOKEN = "X-EXECD-ACCESS-TOKEN"

#: The token of a port of a sandbox that was made with secure access.
SECURE_ACCESS = "OpenSandbox-Secure-Access"

#: The token of a sandbox's egress API.
EGRESS_AUTH = "OPENSANDBOX-EGRESS-AUTH"

#: Names one request in the server's log; every error carries it.
REQUEST_ID = "X-Request-ID"

#: Where to read on in the output of a background command, in bytes.
LOGS_CURSOR = "EXECD-COMMANDS-TAIL-CURSOR"

#: The same for a background run of an isolated session.
ISOLATED_LOGS_CURSOR = "EXECD-ISOLATED-TAIL-CURSOR"

#: On an event stream: how its output texts are to be joined.  `OUTPUT_EXACT` says that every text
#: carries its own line endings, so that plain concatenation gives back what was printed.  A daemon
#: that does not send this header may leave out line endings; see `events.ExecutionFold`.
OUTPUT_FORM = "X-EXECD-OUTPUT"
OUTPUT_EXACT = "exact"
