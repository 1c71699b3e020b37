"""The event log: frames, streams, their writers and readers; in memory or on JetStream."""
