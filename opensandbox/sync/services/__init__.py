"""What a `SandboxSync` offers, as names to annotate with."""

from opensandbox._sync.commands import CommandsSync as CommandsSync
from opensandbox._sync.diagnostics import DiagnosticsSync as DiagnosticsSync
from opensandbox._sync.egress import CredentialVaultSync as CredentialVaultSync
from opensandbox._sync.egress import EgressSync as EgressSync
from opensandbox._sync.files import FilesystemSync as FilesystemSync
from opensandbox._sync.health import HealthSync as HealthSync
from opensandbox._sync.isolation import IsolationServiceSync as IsolationServiceSync
from opensandbox._sync.isolation import IsolationSessionSync as IsolationSessionSync
from opensandbox._sync.lifecycle import SandboxesSync as SandboxesSync
from opensandbox._sync.metrics import MetricsSync as MetricsSync
