"""What a `Sandbox` offers, as names to annotate with."""

from opensandbox._async.commands import Commands as Commands
from opensandbox._async.diagnostics import Diagnostics as Diagnostics
from opensandbox._async.egress import CredentialVault as CredentialVault
from opensandbox._async.egress import Egress as Egress
from opensandbox._async.files import Filesystem as Filesystem
from opensandbox._async.health import Health as Health
from opensandbox._async.isolation import IsolationService as IsolationService
from opensandbox._async.isolation import IsolationSession as IsolationSession
from opensandbox._async.lifecycle import Sandboxes as Sandboxes
from opensandbox._async.metrics import Metrics as Metrics
