RunCommandRequestEnvs = dict[str, str]
