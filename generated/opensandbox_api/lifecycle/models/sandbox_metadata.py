SandboxMetadata = dict[str, str]
