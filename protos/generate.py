"""Generates the Python contracts from protos/ into libs/: messages, typed stubs, gRPC stubs.

Run by `make protos`. A test runs it into an empty folder and compares with what is committed.
"""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

PROTOS = Path(__file__).resolve().parent
DESTINATION = PROTOS.parent / "libs"


def generate(destination: Path) -> None:
    """Writes every contract below `destination`; raises SystemExit when protoc refuses one."""
    sources = sorted(PROTOS.rglob("*.proto"))
    well_known = resources.files("grpc_tools") / "_proto"
    status = protoc.main(
        [
            "protoc",
            f"--proto_path={PROTOS}",
            f"--proto_path={well_known}",
            f"--python_out={destination}",
            f"--mypy_out=quiet,readable_stubs:{destination}",
            f"--grpc_python_out={destination}",
            f"--mypy_grpc_out=quiet,readable_stubs:{destination}",
            *(str(source) for source in sources),
        ]
    )
    if status != 0:
        raise SystemExit(status)
    for source in sources:
        package = destination / source.parent.relative_to(PROTOS)
        for folder in (package, package.parent):
            opening = folder / "__init__.py"
            if not opening.exists():
                opening.write_text(
                    f'"""The contracts of {".".join(folder.parts[-2:])}, generated."""\n'
                )


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else DESTINATION)
