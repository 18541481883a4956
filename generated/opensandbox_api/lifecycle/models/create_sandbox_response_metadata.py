CreateSandboxResponseMetadata = dict[str, str]
