EndpointHeaders = dict[str, str]
