"""The HTTP side: both providers' paths, each call authenticated, rationed, settled and audited."""
