"""How fast the client is, beside plain httpx and other clients: `make bench`."""
