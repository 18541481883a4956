CreateFsbTemplateRequestResourceLimits = dict[str, str]
