"""`python -m bursar_executor`: this service alone."""

from bursar.wiring.run import serve_alone
from bursar_executor.module import MODULE

if __name__ == "__main__":
    serve_alone(MODULE)
