"""`python -m bursar_cache`: this service alone."""

from bursar.wiring.run import serve_alone
from bursar_cache.module import MODULE

if __name__ == "__main__":
    serve_alone(MODULE)
