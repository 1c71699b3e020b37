"""`python -m bursar_efficiency`: this service alone."""

from bursar.wiring.run import serve_alone
from bursar_efficiency.module import MODULE

if __name__ == "__main__":
    serve_alone(MODULE)
