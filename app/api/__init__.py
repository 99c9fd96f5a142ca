"""HTTP and nothing else: routes, the shapes of requests and answers, problems, streaming."""
