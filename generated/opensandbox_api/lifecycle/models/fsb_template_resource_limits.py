FsbTemplateResourceLimits = dict[str, str]
