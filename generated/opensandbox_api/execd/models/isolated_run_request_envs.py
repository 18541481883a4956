IsolatedRunRequestEnvs = dict[str, str]
