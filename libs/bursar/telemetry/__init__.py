"""Measurement: trace context, spans for sampled calls, logs that carry the trace."""
