"""What a `SandboxSync` offers, as names to annotate with."""

from opensandbox._sync.commands import CommandsSync as CommandsSync
from opensandbox._sync.files import FilesystemSync as FilesystemSync
from opensandbox._sync.health import HealthSync as HealthSync
from opensandbox._sync.metrics import MetricsSync as MetricsSync
