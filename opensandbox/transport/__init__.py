"""When a request is sent again: `RetryPolicy` and what it is made of."""

from opensandbox.transport.retry import JitterMode as JitterMode
from opensandbox.transport.retry import RetryCause as RetryCause
from opensandbox.transport.retry import RetryEvent as RetryEvent
from opensandbox.transport.retry import RetryPolicy as RetryPolicy
