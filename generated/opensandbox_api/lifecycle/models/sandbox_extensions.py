SandboxExtensions = dict[str, str]
