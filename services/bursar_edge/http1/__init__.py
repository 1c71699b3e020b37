"""HTTP/1.1 on httptools: the server callers speak to, and the client that speaks to providers."""
