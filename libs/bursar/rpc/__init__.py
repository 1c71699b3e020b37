"""The network: errors as rich gRPC status, serving, calling with deadlines."""
