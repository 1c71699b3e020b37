"""`python -m bursar_compressor`: this service alone."""

from bursar.wiring.run import serve_alone
from bursar_compressor.module import MODULE

if __name__ == "__main__":
    serve_alone(MODULE)
