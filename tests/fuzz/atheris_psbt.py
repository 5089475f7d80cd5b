"""Coverage-guided fuzzing of the PSBT parser: ``python -m tests.fuzz.atheris_psbt tests/fuzz/corpus/psbt``.

Needs the package ``atheris``, which is no dependency of this project; without it, ``tests.fuzz.run`` mutates the same
corpus in plain Python.
"""

import sys

from tests.fuzz.mutate import holds

try:
    import atheris
except ModuleNotFoundError:
    atheris = None


def main() -> None:
    if atheris is None:
        sys.exit("atheris is not installed; use python -m tests.fuzz.run instead")
    atheris.instrument_all()
    atheris.Setup(sys.argv, lambda data: holds(data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
