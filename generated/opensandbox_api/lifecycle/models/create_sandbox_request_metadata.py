CreateSandboxRequestMetadata = dict[str, str]
