ServerStreamEventResults = dict[str, str]
